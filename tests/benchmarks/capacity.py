"""Bytes of a row and CPU of a request in a running shop, and what they come to in one of ten and a hundred millions.

`VISREC_VAR=FOLDER python -m tests.benchmarks.capacity URL` prints it as JSON; `--replica FOLDER` names that of a
replica's servers, and with `--index` the index of the similarity version is built anew as well. CPU is read out of
/proc, so that other load changes it less than time: that of the web server's processes and of PostgreSQL's.
"""

import argparse
import http.client
import json
import os
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import django

CALLS = 60
SEED = 11
SIZES = (10**7, 10**8)
EACH = 10  # interactions of a product; a tenth as many shoppers as products
ROWS = {
    "product": ("catalog_product", "catalog_productimage", "recommender_popularity"),
    "vector": ("recommender_imageembedding",),
    "interaction": ("catalog_interaction",),
    "shopper": ("catalog_shopper", "recommender_shoppervector"),
}


def sizes() -> dict[str, dict[str, float]]:
    """Bytes a row of the tables and of their indexes; those of vectors for each version's index."""
    found: dict[str, dict[str, float]] = {}
    for row, tables in ROWS.items():
        (count,) = sql(f"SELECT count(*) FROM {tables[0]}")[0]
        named = [(table, *sql("SELECT pg_table_size(%s), pg_indexes_size(%s)", table, table)[0]) for table in tables]
        found[row] = {"rows": count, "table": sum(size for _, size, _ in named) / count}
        found[row]["indexes"] = sum(size for *_, size in named) / count
    for version, dimensions, count, size in sql(
        "SELECT v.id, v.dimensions, count(*), pg_relation_size('embedding_hnsw_' || v.id)"
        " FROM recommender_modelversion v JOIN recommender_imageembedding e ON e.version_id = v.id"
        " WHERE v.state = 'active' GROUP BY v.id"
    ):
        found["vector"][f"graph of version {version}, {dimensions} floats"] = size / count
    return found


def cases(client: http.client.HTTPConnection) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each kind of request, for a product or a shopper drawn anew for each."""
    random.seed(SEED)
    shoppers = [key for (key,) in sql("SELECT key FROM catalog_shopper ORDER BY random() LIMIT %s", 2 * CALLS)]
    products = sql(
        "SELECT p.sku, c.name FROM catalog_product p JOIN catalog_category c ON c.id = p.category_id"
        " WHERE NOT is_hidden AND in_stock ORDER BY random() LIMIT %s",
        2 * CALLS,
    )
    staff = {"Authorization": f"Token {token()}"}

    def get(path: str, **headers: str) -> None:
        call(client, "GET", path, None, headers)

    def any_sku() -> str:
        return quote(random.choice(products)[0])

    yield "similar/", lambda: get(f"/api/v1/products/{any_sku()}/similar/")
    category = "similar/, a category"
    yield category, lambda: get(f"/api/v1/products/{any_sku()}/similar/?" + urlencode({"category": products[0][1]}))
    yield "personal list", lambda: get(f"/api/v1/users/{quote(random.choice(shoppers))}/recommendations/", **staff)
    yield "popular list", lambda: get("/api/v1/me/recommendations/")
    yield "list of products", lambda: get("/api/v1/products/")
    yield "search of a word", lambda: get("/api/v1/products/?search=re")
    yield "product page, a visit", lambda: get(f"/products/{any_sku()}/")
    yield "home page", lambda: get("/")

    def event() -> None:
        body = {
            "sku": random.choice(products)[0],
            "kind": "view",
            "user": random.choice(shoppers),
            "id": f"c{random.random()}",
        }
        call(client, "POST", "/api/v1/interactions/", json.dumps(body), staff | {"Content-Type": "application/json"})

    yield "an interaction", event


def token() -> str:
    """A token of an account of staff that this benchmark adds."""
    from django.contrib.auth.models import User

    from recommender.access import tokens

    account, _ = User.objects.get_or_create(username="benchmark", defaults={"is_staff": True, "is_superuser": True})
    return tokens.issue(account)[1]


def call(client: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]) -> None:
    client.request(method, path, body, headers)
    answer = client.getresponse()
    assert answer.status in (200, 202), (path, answer.status, answer.read()[:300])
    answer.read()


def measure(url: str, servers: dict[Path, str]) -> dict[str, dict[str, float]]:
    """Milliseconds of CPU of each kind of request, by group of processes, and of time: the median of CALLS calls."""
    client = http.client.HTTPConnection(urlsplit(url).netloc)
    found = {}
    for name, request in cases(client):
        for _ in range(10):  # so that connections, code and pages are there
            request()
        before, laps = processor_time(url, servers), []
        for _ in range(CALLS):
            began = time.perf_counter()
            request()
            laps.append((time.perf_counter() - began) * 1000)
        time.sleep(0.2)
        spent = {group: (ns - before[group]) / CALLS / 1e6 for group, ns in processor_time(url, servers).items()}
        found[name] = {group: round(ms, 2) for group, ms in spent.items()} | {"time": round(statistics.median(laps), 1)}
    return found


def processor_time(url: str, servers: dict[Path, str]) -> Counter[str]:
    """Nanoseconds that the processes of the web server, and of each PostgreSQL by its folder, have run so far."""
    found: Counter[str] = Counter()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, group = (folder / "cmdline").read_bytes(), servers.get((folder / "cwd").readlink(), "")
            if b"gunicorn" in command and f":{urlsplit(url).port}".encode() in command:
                group = "web"
            if group:
                found[group] += sum(int(task.read_text().split()[0]) for task in folder.glob("task/*/schedstat"))
        except OSError:  # it has ended
            continue
    return found


def build() -> dict[str, float]:
    """Seconds of building the index of the active similarity version, and CPU seconds of the processes that do."""
    from django.db import connection

    from recommender.models import ModelVersion
    from recommender.versions.vectors import index

    version = ModelVersion.objects.get(role="similar", state="active")
    sql(f"DROP INDEX {index.index_name(version)}")
    own = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    before, began, ended = int(own.read_text().split()[0]), time.perf_counter(), ended_children()
    index.build_index(version)
    leader = (int(own.read_text().split()[0]) - before) / 1e9
    return {"seconds": time.perf_counter() - began, "CPU seconds": leader + ended_children() - ended}


def ended_children() -> float:
    """CPU seconds of the children of PostgreSQL that have ended, the parallel workers among them."""
    from visrec_site.embedded import data_folder

    pid = (data_folder() / "postgres" / "postmaster.pid").read_text().split()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def extrapolate(bytes_of: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """GB of a shop of each of SIZES, if a row takes what it takes here."""
    each = {
        row: sum(size for part, size in parts.items() if part in ("table", "indexes"))
        for row, parts in bytes_of.items()
    }
    graphs = sum(size for part, size in bytes_of["vector"].items() if re.match("graph", part))
    versions = bytes_of["vector"]["rows"] / bytes_of["product"]["rows"]
    return {
        f"{products:,} products": {
            "products": round(products * each["product"] / 1e9, 1),
            "vectors": round(products * versions * each["vector"] / 1e9, 1),
            "of which graphs": round(products * graphs / 1e9, 1),
            "interactions": round(products * EACH * each["interaction"] / 1e9, 1),
            "shoppers": round(products / 10 * each["shopper"] / 1e9, 1),
        }
        for products in SIZES
    }


def sql(statement: str, *params: object) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.capacity", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--replica", type=Path)
    parser.add_argument("--index", action="store_true")
    options = parser.parse_args()
    django.setup()
    servers = {Path(os.environ["VISREC_VAR"]) / "postgres": "database"}
    if options.replica:
        servers[options.replica / "postgres"] = "replica"
    bytes_of = sizes()
    report = {"bytes": bytes_of, "GB": extrapolate(bytes_of), "ms": measure(options.url, servers)}
    if options.index:
        report["index"] = build()
    print(json.dumps(report, indent=1))
