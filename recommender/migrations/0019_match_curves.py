from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0018_activations")]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="match_curves",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Slope and offset of the chances, by score, that what comes nearest to a photo is the same "
                "product or of the same style.",
            ),
        ),
    ]
