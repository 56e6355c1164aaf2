from django.db import migrations

# Whose popularity guests are part of, by the rule of recommender.popularity.
EVERYTHING = "INSERT INTO recommender_popularitychange (product_id) SELECT product_id FROM recommender_popularity"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_verified_interactions"), ("recommender", "0014_activate_permission")]

    operations = [migrations.RunSQL(EVERYTHING, migrations.RunSQL.noop)]
