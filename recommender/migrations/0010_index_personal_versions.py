from django.conf import settings
from django.db import migrations


def build(apps, schema_editor):
    """Build the index of inner products that searches by personal versions walk, beside running traffic."""
    versions = apps.get_model("recommender", "ModelVersion").objects.filter(
        role="personal", metric="inner", state__in=("ready", "active", "retired"), dimensions__isnull=False
    )
    schema_editor.execute(f"SET maintenance_work_mem = '{settings.INDEX_MEMORY:d}MB'")  # at most
    for version in versions.order_by("pk"):
        name = f"embedding_hnsw_{version.pk}"
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # what an interrupted build left
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY {name} ON recommender_imageembedding"
            f" USING hnsw ((vector::halfvec({version.dimensions:d})) halfvec_ip_ops) WITH (m = 16, ef_construction = 64)"
            f" WHERE version_id = {version.pk:d}"
        )
    schema_editor.execute("RESET maintenance_work_mem")


class Migration(migrations.Migration):
    atomic = False  # CONCURRENTLY is refused in a transaction
    dependencies = [("recommender", "0009_image_walk")]
    # Backwards there is nothing to do: the index goes with its version.
    operations = [migrations.RunPython(build, migrations.RunPython.noop, elidable=True)]
