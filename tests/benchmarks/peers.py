"""Similar products, batches of lists and the build of an index, against what others take for the same.

Others: a view of one statement (plain_view), hnswlib and faiss in this process, which know vectors alone, and the
`recommend` of implicit. The libraries are those of other_libraries.txt; one that is not installed is named as missing.
All search the same vectors, with M = 16, ef_construction = 200 and ef_search = 100, on as many threads.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
from django.conf import settings
from django.db import connection

from catalog.rows import Sql, fetch
from recommender.models import ModelVersion, State
from recommender.versions import build_index
from recommender.versions.vectors import index, nearest
from recommender.versions.vectors.index_build import memory_needed
from tests.benchmarks.big_shop import FIRST
from tests.benchmarks.serving import CALLS, SEED, SHOWN, Client, timed

LIBRARIES = ("hnswlib", "faiss", "implicit")
M, EF_CONSTRUCTION = 16, 200
THREADS = 1 + max(1, (os.cpu_count() or 1) // 2)  # of a build: those of PostgreSQL (index_build.use_machine)
USERS, FACTORS, LIST = 5000, 64, 100  # of the batch of lists
Find = Callable[[np.ndarray], np.ndarray]
Index = tuple[Find, int]  # the rows nearest to a vector, and bytes


def run(url: str) -> dict:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    version = ModelVersion.objects.get(role="similar", state=State.ACTIVE)
    ids, skus, vectors = read_vectors(version)
    indexes, builds = build(version, vectors, missing)
    with plain_view() as plain:
        searches = search(url, plain, ids, skus, vectors, indexes)
    return {
        "vectors": len(vectors),
        "dimensions": version.dimensions,
        "missing": missing,
        "results": searches,
        "builds": builds,
        "batch of lists": batch(len(vectors), missing),
    }


def read_vectors(version: ModelVersion) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return ids (N,), SKUs and unit vectors (N, D) of all products that may be shown."""
    rows = fetch(
        Sql(
            "SELECT p.id, p.sku, vector_send(e.vector) FROM recommender_imageembedding e JOIN catalog_product p"
            f" ON p.id = e.product_id WHERE e.version_id = {version.pk} AND p.in_stock AND NOT p.is_hidden"
        )
    )
    vectors = nearest.vectors_of_bytes([data for *_, data in rows])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray([row[0] for row in rows]), [row[1] for row in rows], vectors


def build(version: ModelVersion, vectors: np.ndarray, missing: list[str]) -> tuple[dict[str, Find], dict]:
    """Build the index of each; return the searches of the libraries, and seconds and MB of all."""
    name = index.index_name(version)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM recommender_imageembedding WHERE version_id = %s", [version.pk])
        count = cursor.fetchone()[0]
        cursor.execute(f"DROP INDEX {name}")
        seconds = timed(build_index, version) / 1000
        cursor.execute("SELECT pg_relation_size(%s::regclass)", [name])
        size = cursor.fetchone()[0]
    memory = min(memory_needed(count, version.dimensions), settings.INDEX_MEMORY)
    # More vectors than the others have: a product that is sold out has one too.
    each = {"shop": {"vectors": count, "seconds": seconds, "MB": size / 2**20, "MB to build": memory}}
    searches: dict[str, Find] = {}
    for library, made in {"hnswlib": hnswlib_index, "faiss": faiss_index}.items():
        if library not in missing:
            began = time.perf_counter()
            searches[library], size = made(vectors)
            seconds = time.perf_counter() - began
            each[library] = {"vectors": len(vectors), "seconds": seconds, "MB": size / 2**20}
    per_vector = {name: found["seconds"] / found["vectors"] for name, found in each.items()}
    for name, found in each.items():
        found["ratio"] = per_vector["shop"] / per_vector[name]
    return searches, {name: {k: round(v, 2) for k, v in found.items()} for name, found in each.items()}


def hnswlib_index(vectors: np.ndarray) -> Index:
    import hnswlib  # an optional library

    built = hnswlib.Index("cosine", vectors.shape[1])
    built.init_index(len(vectors), M=M, ef_construction=EF_CONSTRUCTION, random_seed=SEED)
    built.add_items(vectors, num_threads=THREADS)
    built.set_ef(settings.HNSW_EF_SEARCH)
    return lambda vector: built.knn_query(vector[None], SHOWN + 1, num_threads=1)[0][0], built.index_file_size()


def faiss_index(vectors: np.ndarray) -> Index:
    import faiss  # an optional library

    faiss.omp_set_num_threads(THREADS)
    built = faiss.IndexHNSWFlat(vectors.shape[1], M, faiss.METRIC_INNER_PRODUCT)
    built.hnsw.efConstruction = EF_CONSTRUCTION
    built.add(vectors)
    built.hnsw.efSearch = settings.HNSW_EF_SEARCH
    return lambda vector: built.search(vector[None], SHOWN + 1)[1][0], faiss.serialize_index(built).nbytes


@contextmanager
def plain_view() -> Iterator[str]:
    """Serve plain_view as the demo serves the shop; the URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "gunicorn", "tests.benchmarks.plain_view", "--bind", address]
    command += ["--config", "python:visrec_site.web_server"]
    process = subprocess.Popen(command, stdout=sys.stderr)
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


def search(
    url: str, plain: str, ids: np.ndarray, skus: list[str], vectors: np.ndarray, indexes: dict[str, Find]
) -> dict:
    """Measure milliseconds of a search, and the share of the exact list that it finds."""
    shop, view = Client(url), Client(plain)
    wait_until_open(view, skus[0])
    row_of = {sku: row for row, sku in enumerate(skus)}
    chosen = np.random.default_rng(SEED).choice(np.flatnonzero(ids > FIRST), CALLS + 1, replace=False)

    def over_http(client: Client, path: str) -> Callable[[int], list[int]]:
        def rows(row: int) -> list[int]:
            results = json.loads(client.send(path.format(skus[row])))["results"]
            return [row_of[result["product"]["sku"]] for result in results]

        return rows

    ways = {
        "shop": over_http(shop, "/api/v1/products/{}/similar/"),
        "plain view": over_http(view, "/{}/"),
    } | {name: in_process(find, vectors) for name, find in indexes.items()}
    times, recalls = {name: [] for name in ways}, {name: [] for name in ways}
    for number, row in enumerate(map(int, chosen)):
        exact = in_process(lambda vector: np.argsort(-(vectors @ vector))[: SHOWN + 1], vectors)(row)
        for name in list(ways)[:: 1 if number % 2 else -1]:
            found: list[int] = []
            milliseconds = timed(lambda way, row, found: found.extend(way(row)), ways[name], row, found)
            if number:  # the first finds everything cold
                times[name].append(milliseconds)
                recalls[name].append(len(set(found) & set(exact)) / SHOWN)
    medians = {name: statistics.median(each) for name, each in times.items()}
    return {
        name: {
            "ms": round(median, 3),
            "recall": round(statistics.mean(recalls[name]), 3),
            "shop by it": round(medians["shop"] / median, 2),
        }
        for name, median in medians.items()
    }


def in_process(find: Find, vectors: np.ndarray) -> Callable[[int], list[int]]:
    """Return the search for the SHOWN rows nearest to a row, without itself."""
    return lambda row: [each for each in find(vectors[row]).tolist() if each != row][:SHOWN]


def wait_until_open(view: Client, sku: str, most: float = 60) -> None:
    began = time.monotonic()
    while True:
        try:
            view.send(f"/{sku}/")
            return
        except ConnectionError:
            assert time.monotonic() - began < most, f"the plain view does not answer after {most:.0f} s"
            view.connection.close()
            time.sleep(0.2)


def batch(items: int, missing: list[str]) -> dict | None:
    """Compare batches of lists with those of implicit; None where that is not installed."""
    if "implicit" in missing:
        return None
    from tests.benchmarks.batch_lists import compare_lists  # imports implicit

    return compare_lists(users=USERS, items=items, factors=FACTORS, k=LIST, rounds=3)
