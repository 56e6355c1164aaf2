"""The HNSW index of each version."""

from django.db import connection

from recommender.models import Metric, ModelVersion

OPERATOR_CLASSES = {Metric.COSINE: "vector_cosine_ops", Metric.EUCLIDEAN: "vector_l2_ops"}


def index_name(version: ModelVersion) -> str:
    """Return the name of the version's index in the database."""
    return f"embedding_hnsw_{version.pk}"


def build_index(version: ModelVersion) -> None:
    """Build the HNSW index that nearest.nearest_embeddings walks for this version, beside running traffic.

    None for inner products: HNSW finds .55 to .66 of the best for a scattered taste, and an exact scan is cheap.
    """
    metric = Metric(version.metric)
    if metric == Metric.INNER:
        return
    name = connection.ops.quote_name(index_name(version))
    with connection.cursor() as cursor:
        # What an interrupted CONCURRENTLY leaves is invalid, and IF NOT EXISTS would be content with it.
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        found = cursor.fetchone()
        if found == (True,):
            return
        concurrently = "CONCURRENTLY"
        if connection.in_atomic_block:  # where CONCURRENTLY is refused, and so is any index while checks are pending
            concurrently = ""
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"DROP INDEX {concurrently} IF EXISTS {name}")
        # ef_construction 200 halves the queries that find almost nothing on clustered vectors.
        cursor.execute(
            f"CREATE INDEX {concurrently} {name} ON recommender_imageembedding"
            f" USING hnsw ((vector::vector({version.dimensions:d})) {OPERATOR_CLASSES[metric]})"
            f" WITH (m = 16, ef_construction = 200) WHERE version_id = {version.pk:d}"
        )
