"""Recommendations over HTTP against one SQL statement that brings the same rows, in a shop made big.

`python -m tests.benchmarks serving` starts a shop and measures it; `python -m tests.benchmarks.serving URL PRODUCTS`,
with VISREC_VAR set to the shop's folder, adds PRODUCTS to a running one and measures that, as JSON.

The two take turns, product by product, so that other load on the machine delays both; a ratio is that of the medians.
"""

import http.client
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import django
import numpy as np

CALLS = 120
SEED = 11
AISLES = 20
FIRST = 1_000_000  # id of the first product that is added
SHOWN = 12


def fill(products: int) -> None:
    """Add products in AISLES categories, with vectors near those of the shop's own, and index them again."""
    from catalog.rows import Sql, fetch
    from recommender import popularity, versions
    from recommender.models import ModelVersion, State
    from recommender.versions.vectors import index, nearest

    random_state = np.random.default_rng(SEED)
    run(
        "INSERT INTO catalog_category (name) SELECT 'Bench ' || n FROM generate_series(1, %s) n",
        "INSERT INTO catalog_product (id, sku, title, category_id, price, currency, in_stock, is_hidden, attributes,"
        " created_at, updated_at) SELECT %s + n, 'B' || n, 'Product ' || n,"
        " (SELECT id FROM catalog_category WHERE name = 'Bench ' || (1 + n %% %s)),"
        " (n * 7919 %% 100000) / 100.0, 'EUR', n %% 7 <> 0, false, '{}', now(), now()"
        " FROM generate_series(1, %s) n",
        "INSERT INTO catalog_productimage (id, product_id, position, file, thumbnail, width, height, content_hash,"
        " file_hash, created_at) SELECT %s + n, %s + n, 0, 'products/' || n || '.png', '', 8, 8, n::text, '', now()"
        " FROM generate_series(1, %s) n",
        params=([AISLES], [FIRST, AISLES, products], [FIRST, FIRST, products]),
    )
    for version in ModelVersion.objects.filter(state=State.ACTIVE, role__in=("similar", "personal")):
        text = f"SELECT vector_send(vector) FROM recommender_imageembedding WHERE version_id = {version.pk}"
        own = np.stack([nearest.vector_of_bytes(data) for (data,) in fetch(Sql(text))])
        made = own[random_state.integers(0, len(own), products)]
        made += random_state.normal(scale=0.3 * own.std(axis=0), size=made.shape).astype(np.float32)
        run(f"DROP INDEX {index.index_name(version)}", params=([],))
        for at in range(0, products, 5000):
            rows = [(FIRST + 1 + n, FIRST + 1 + n, made[n]) for n in range(at, min(at + 5000, products))]
            versions.store_vectors(version, rows)
        versions.build_index(version)
    popularity.count()
    run("VACUUM ANALYZE", params=([],))


def run(*statements: str, params: tuple[list[int], ...]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement, values in zip(statements, params, strict=True):
            cursor.execute(statement, values)


def measure(url: str) -> dict:
    """Milliseconds over HTTP and by SQL, and their ratio, of each case."""
    from catalog.models import Product
    from catalog.rows import IN_STOCK, VISIBLE, Sql, fetch
    from recommender.models import ModelVersion, State
    from recommender.versions.vectors import nearest

    version = ModelVersion.objects.get(role="similar", state=State.ACTIVE)
    products = list(Product.objects.filter(pk__gt=FIRST).values_list("pk", "sku", "category_id", "category__name"))
    random.seed(SEED)
    shown = VISIBLE & IN_STOCK

    def near(pk: int, where: Sql, *, exact: bool = False) -> Sql:
        vector = nearest.vectors_of(version, [pk])[pk]
        found = nearest.nearest_sql(version, vector, SHOWN, among=where & Sql("p.id <> %s", (pk,)), exact=exact)
        return joined(found)

    cases: dict[str, Callable[[tuple[int, str, int, str]], tuple[str, Sql]]] = {
        "similar": lambda p: ("", near(p[0], shown)),
        "own category": lambda p: (f"?category={quote(p[3])}", near(p[0], shown & Sql("p.category_id = %s", (p[2],)))),
        "price, a half": lambda p: ("?max_price=500", near(p[0], shown & Sql("p.price <= 500"))),
        "price, 5 %": lambda p: ("?max_price=50", near(p[0], shown & Sql("p.price <= 50"))),
        "price, .5 %": lambda p: ("?max_price=5", near(p[0], shown & Sql("p.price <= 5"), exact=True)),
    }
    client = http.client.HTTPConnection(urlsplit(url).netloc)
    found = {}
    for name, case in cases.items():
        times: dict[str, list[float]] = {"http": [], "sql": []}
        for number, product in enumerate(random.sample(products, CALLS)):
            query, statement = case(product)
            path = f"/api/v1/products/{product[1]}/similar/{query}"
            calls = {"http": lambda path=path: get(client, path), "sql": lambda s=statement: fetch(s)}
            for way in ("http", "sql") if number % 2 else ("sql", "http"):
                began = time.perf_counter()
                calls[way]()
                times[way].append((time.perf_counter() - began) * 1000)
        medians = {way: statistics.median(laps) for way, laps in times.items()}
        found[name] = {way: round(median, 2) for way, median in medians.items()} | {
            "ratio": round(medians["http"] / medians["sql"], 2)
        }
    return found


def joined(near):
    """The statement for all that a list shows of the nearest."""
    from catalog.rows import Sql

    return Sql(
        "SELECT p.id, p.sku, p.title, c.name, p.price, p.currency, p.in_stock, p.attributes, i.file, near.distance"
        f" FROM ({near.text}) near JOIN catalog_product p ON p.id = near.product_id JOIN catalog_category c"
        " ON c.id = p.category_id LEFT JOIN catalog_productimage i ON i.product_id = p.id AND i.position = 0"
        " ORDER BY near.distance",
        near.params,
    )


def get(client: http.client.HTTPConnection, path: str) -> None:
    client.request("GET", path)
    answer = client.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    assert len(json.loads(body)["results"]) == SHOWN, path


def in_shop(shop, products: int) -> dict:
    """Measure a running shop of the tests, in a process with its settings."""
    environment = shop.environment | {"DJANGO_SETTINGS_MODULE": "visrec_site.settings"}
    command = [sys.executable, "-m", "tests.benchmarks.serving", shop.url, str(products)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[2]))
    print(json.dumps(measure(sys.argv[1])))
