from django.db import migrations, models

FUNCTION = """
    CREATE FUNCTION recommender_note_popularity_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO recommender_popularitychange (product_id) SELECT DISTINCT product_id FROM changed;
        RETURN NULL;
    END $$
"""
TRIGGERS = {"insert": ("INSERT", "NEW"), "delete": ("DELETE", "OLD"), "from": ("UPDATE", "OLD"), "to": ("UPDATE", "NEW")}
# What was counted before may be half a minute old. Noted behind the triggers, whose creation waits for whoever writes.
EVERYTHING = """
    INSERT INTO recommender_popularitychange (product_id)
    SELECT product_id FROM catalog_interaction UNION SELECT product_id FROM recommender_popularity
"""


def create_trigger(name, event, rows):
    """Return the operation that creates a trigger on interactions; `rows`: of which of its rows the products are noted."""
    name = f"recommender_popularity_{name}"
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} AFTER {event} ON catalog_interaction REFERENCING {rows} TABLE AS changed"
        " FOR EACH STATEMENT EXECUTE FUNCTION recommender_note_popularity_change()",
        f"DROP TRIGGER {name} ON catalog_interaction",
    )


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0007_plain_names"),
        ("recommender", "0007_claims_of_versions"),
    ]

    operations = [
        migrations.CreateModel(
            name="PopularityChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product_id", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION recommender_note_popularity_change"),
        *(create_trigger(name, event, rows) for name, (event, rows) in TRIGGERS.items()),
        migrations.RunSQL(EVERYTHING, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="popularity", name="popularity_first"),
        migrations.AddIndex(
            model_name="popularity",
            index=models.Index(fields=["-shoppers", "-product"], name="popularity_first"),
        ),
    ]
