from django.db import migrations, models


class Migration(migrations.Migration):
    """Pictures that are there already are looked at by the sweep, some at a time (products.add_missing_fingerprints)."""

    dependencies = [
        ("catalog", "0003_one_category_per_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="productimage",
            name="fingerprint",
            field=models.BinaryField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="productimage",
            index=models.Index(
                condition=models.Q(("fingerprint", None)), fields=["id"], name="image_no_fingerprint"
            ),
        ),
    ]
