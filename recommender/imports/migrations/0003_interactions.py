from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("imports", "0002_columns_by_name")]

    operations = [
        migrations.AddField(
            model_name="importrun",
            name="kind",
            field=models.CharField(
                choices=[("products", "products"), ("interactions", "interactions")],
                default="products",
                max_length=12,
                verbose_name="of",
            ),
        ),
        migrations.AddField(
            model_name="importrun",
            name="positive",
            field=models.FloatField(blank=True, help_text="Of ratings: from which on one is a like.", null=True),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="total",
            field=models.PositiveBigIntegerField(help_text="Rows in the source; empty until it was read.", null=True),
        ),
    ]
