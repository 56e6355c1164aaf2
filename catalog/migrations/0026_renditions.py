from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0025_profiles_by_column")]

    operations = [
        migrations.AddField(
            model_name="productimage",
            name="largest_rendition",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
