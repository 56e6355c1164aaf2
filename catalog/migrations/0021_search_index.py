from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # the index is built beside running traffic

    dependencies = [("catalog", "0020_search_all")]

    operations = [
        AddIndexConcurrently(model_name="product", index=GinIndex(fields=["search"], name="product_search")),
    ]
