from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0026_activation_reason")]

    operations = [
        migrations.AddField(
            "modelversion",
            "by",
            models.CharField(
                blank=True,
                editable=False,
                help_text="The account or key that started it. Empty: a command.",
                max_length=150,
            ),
        ),
    ]
