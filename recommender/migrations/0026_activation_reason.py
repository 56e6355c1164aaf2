from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0025_method_numbers")]

    operations = [
        migrations.AddField("activation", "reason", models.CharField(blank=True, max_length=300)),
    ]
