from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0027_modelversion_by")]

    operations = [
        migrations.CreateModel(
            name="PhotoSearches",
            fields=[
                ("hour", models.DateTimeField(primary_key=True, serialize=False)),
                ("searches", models.PositiveIntegerField()),
                ("unmatched", models.PositiveIntegerField()),
            ],
            options={"default_permissions": ()},
        ),
    ]
