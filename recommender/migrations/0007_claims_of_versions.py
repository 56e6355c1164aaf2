from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0006_plain_names")]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="claims",
            field=models.PositiveIntegerField(
                default=0, editable=False, help_text="How many processes have claimed it; only the last may write."
            ),
        ),
    ]
