from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0029_exploration")]

    operations = [
        migrations.AddField(
            "modelversion",
            "worker",
            models.CharField(
                blank=True, editable=False, help_text="The machine that trained it last.", max_length=255
            ),
        ),
    ]
