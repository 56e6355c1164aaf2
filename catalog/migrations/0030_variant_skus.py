import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import catalog.variants


class Migration(migrations.Migration):
    atomic = False  # the index is built beside running traffic

    dependencies = [("catalog", "0029_image_part")]

    operations = [
        AddIndexConcurrently(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                catalog.variants.SkusOfVariants(),
                condition=models.Q(attributes__has_key="Variant SKU"),
                name="product_variant_skus",
            ),
        ),
    ]
