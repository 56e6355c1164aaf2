from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("recommender", "0005_removed_designs")]

    operations = [
        migrations.RenameField("design", "seen_by", "embedding_version"),
        migrations.RenameField("designimage", "look", "embedding"),
    ]
