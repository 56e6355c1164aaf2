from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built beside running traffic

    dependencies = [("catalog", "0012_verified_interactions")]

    operations = [
        AddIndexConcurrently(model_name="product", index=models.Index(fields=["updated_at"], name="product_updated")),
    ]
