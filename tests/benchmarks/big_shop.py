"""A shop made big: products, their vectors, and shoppers who took to them after the last training."""

import numpy as np
from django.db import connection

from catalog.rows import Sql, fetch
from recommender import popularity, versions
from recommender.models import ModelVersion, State
from recommender.versions.vectors import index, nearest

AISLES = 20
FIRST = 1_000_000  # id of the first product that is added, and of the first shopper
SHOPPERS = 500
EACH = 20  # interactions of a shopper
SEED = 11


def run(_url: str, products: str) -> dict:
    """Add products in AISLES categories, with vectors near those of the shop's own, and index them again."""
    fill(int(products))
    return {"products": int(products)}


def fill(products: int) -> None:
    random_state = np.random.default_rng(SEED)
    execute("INSERT INTO catalog_category (name) SELECT 'Bench ' || n FROM generate_series(1, %s) n", AISLES)
    execute(
        "INSERT INTO catalog_product (id, sku, title, category_id, price, currency, in_stock, is_hidden, attributes,"
        " created_at, updated_at) SELECT %s + n, 'B' || n, 'Product ' || n,"
        " (SELECT id FROM catalog_category WHERE name = 'Bench ' || (1 + n %% %s)),"
        " (n * 7919 %% 100000) / 100.0, 'EUR', n %% 7 <> 0, false, '{}', now() - n * interval '1 second', now()"
        " FROM generate_series(1, %s) n",
        *(FIRST, AISLES, products),
    )
    execute(
        "INSERT INTO catalog_productimage (id, product_id, position, file, thumbnail, width, height, content_hash,"
        " file_hash, fingerprint, created_at) SELECT %s + n, %s + n, 0, 'products/' || n || '.png', '', 8, 8, n::text,"
        " '', '', now() FROM generate_series(1, %s) n",
        *(FIRST, FIRST, products),
    )
    execute(
        "INSERT INTO catalog_shopper (id, key, is_simulated, created_at) SELECT %s + n, 'bench-' || n, true, now()"
        " FROM generate_series(1, %s) n",
        *(FIRST, SHOPPERS),
    )
    kinds = ["view", "click", "like", "cart", "purchase"]
    execute(
        "INSERT INTO catalog_interaction (shopper_id, session, product_id, kind, occurred_at, event_id, placement,"
        " recorded_at) SELECT %s + s, '', %s + 1 + (s * 7919 + n * n * %s) %% %s, (%s)[1 + n %% 5],"
        " now() - n * interval '1 hour', '', '', now()"
        " FROM generate_series(1, %s) s, generate_series(1, %s) n",
        *(FIRST, FIRST, AISLES, products, kinds, SHOPPERS, EACH),
    )
    for version in ModelVersion.objects.filter(state=State.ACTIVE, role__in=("similar", "personal")):
        text = f"SELECT vector_send(vector) FROM recommender_imageembedding WHERE version_id = {version.pk}"
        own = nearest.vectors_of_bytes([data for (data,) in fetch(Sql(text))])
        deviation = 0.3 * own.std(axis=0)
        execute(f"DROP INDEX {index.index_name(version)}")
        for at in range(0, products, 5000):
            numbers = range(at + 1, min(at + 5000, products) + 1)
            made = own[random_state.integers(0, len(own), len(numbers))]
            made += random_state.normal(scale=deviation, size=made.shape).astype(np.float32)
            rows = [(FIRST + n, FIRST + n, vector) for n, vector in zip(numbers, made, strict=True)]
            versions.store_vectors(version, rows)
        versions.build_index(version)
    popularity.count()
    execute("VACUUM ANALYZE")


def execute(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
