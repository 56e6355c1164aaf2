from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_index_files"), ("sessions", "0001_initial")]

    operations = [
        # Interactions of before count as verified. Neither of the two rewrites the table.
        migrations.AddField(
            model_name="interaction",
            name="is_verified",
            field=models.BooleanField(db_default=True, default=False),
        ),
        migrations.AlterField(
            model_name="interaction",
            name="is_verified",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Sent by this shopper, by a guest whom the shop knew already, or for them by who may.",
                verbose_name="verified",
            ),
        ),
    ]
