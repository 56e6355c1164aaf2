import csv
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from catalog.demo.folder import write_catalog
from catalog.importers import import_interactions, import_products
from catalog.models import Product

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "catalogue"
    write_catalog(folder, products=40, shoppers=5)
    return folder


def rows(file):
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_products_have_the_columns_that_the_importer_reads(written):
    products = rows(written / "products.csv")

    assert len(products) == 40
    assert list(products[0])[:5] == ["sku", "title", "category", "price", "image"]
    assert {"colour", "accent", "pattern", "material"} <= set(products[0])
    for product in products:
        with Image.open(written / product["image"]) as image:
            assert image.format == "JPEG"
            assert image.size == (160, 160)


def test_interactions_have_unique_ids_and_name_products_that_exist(written):
    interactions = rows(written / "interactions.csv")
    skus = {product["sku"] for product in rows(written / "products.csv")}

    assert list(interactions[0]) == ["user", "sku", "kind", "timestamp", "id"]
    assert interactions[0]["id"] == "sim-0-000000"
    assert len({row["id"] for row in interactions}) == len(interactions)
    assert {row["sku"] for row in interactions} <= skus
    assert {row["kind"] for row in interactions} <= {"view", "click", "like", "cart", "purchase", "dislike"}


@pytest.mark.django_db
def test_the_demo_catalogue_is_imported_whole(tmp_path):
    write_catalog(tmp_path / "demo", products=24, shoppers=5)

    products = import_products(tmp_path / "demo")
    interactions = import_interactions(tmp_path / "demo/interactions.csv", is_simulated=True)

    assert (products.created, products.failed) == (24, 0)
    assert interactions.accepted > 24
    assert interactions.failed == interactions.duplicates == 0
    assert all("colour" in product.attributes for product in Product.objects.all())


def test_truth_names_the_cold_products_and_every_taste(written):
    ground_truth = json.loads((written / "truth.json").read_text(encoding="utf-8"))
    touched = {row["sku"] for row in rows(written / "interactions.csv")}

    assert len(ground_truth["cold"]) == 8
    assert not touched & set(ground_truth["cold"])
    assert set(ground_truth["shoppers"]) == {"shopper", *(f"shopper-{n:03d}" for n in range(1, 5))}
    for label, values in ground_truth["values"].items():
        assert len(ground_truth["shoppers"]["shopper"]["tastes"][label]) == len(values)


def test_another_run_with_the_same_seed_writes_the_same_bytes(written, tmp_path):
    write_catalog(tmp_path / "again", products=40, shoppers=5)

    first = {file.relative_to(written): file.read_bytes() for file in written.rglob("*.*")}
    again = {file.relative_to(tmp_path / "again"): file.read_bytes() for file in (tmp_path / "again").rglob("*.*")}
    assert len(first) == 43
    assert first == again


def test_second_run_writes_nothing(written):
    before = {file: file.stat().st_mtime_ns for file in [written, *written.rglob("*")]}

    write_catalog(written, products=40, shoppers=5)

    assert {file: file.stat().st_mtime_ns for file in [written, *written.rglob("*")]} == before


def test_other_parameters_replace_the_folder(tmp_path):
    write_catalog(tmp_path / "demo", products=15, shoppers=2)
    write_catalog(tmp_path / "demo", products=16, shoppers=2)

    assert len(list((tmp_path / "demo" / "images").iterdir())) == 16
    assert [entry.name for entry in tmp_path.iterdir()] == ["demo"]


@pytest.fixture
def drawing(tmp_path):
    """A run in a process of its own that has begun to draw."""
    command = [sys.executable, "-m", "catalog.demo", str(tmp_path / "demo")]
    # A shell that starts the tests in its background has them ignore Ctrl-C, and their children would inherit that.
    run = subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not list(tmp_path.glob(".demo.part/images/*.jpg")):
        assert run.poll() is None
        time.sleep(0.05)
    return run


def test_an_interrupted_run_leaves_nothing(drawing, tmp_path):
    drawing.send_signal(signal.SIGINT)

    assert drawing.wait(timeout=60) != 0
    assert list(tmp_path.iterdir()) == []


def test_after_a_kill_nothing_goes_on_drawing_and_no_catalogue_appears(drawing, tmp_path):
    drawing.kill()
    drawing.wait()

    deadline = time.monotonic() + 60
    while processes_with(str(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(list(tmp_path.glob(".demo.part/images/*"))) < 1200
    assert not (tmp_path / "demo").exists()


def processes_with(word: str) -> list[str]:
    """The processes in whose command line the word stands; the workers of a run have the command line of the run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            if word.encode() in file.read_bytes():
                found.append(file.parent.name)
    return found


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    (tmp_path / ".demo.part" / "images").mkdir(parents=True)
    (tmp_path / ".demo.part" / "images" / "VR99999.jpg").write_bytes(b"half")

    write_catalog(tmp_path / "demo", products=15, shoppers=2)

    assert [entry.name for entry in tmp_path.iterdir()] == ["demo"]
    assert not (tmp_path / "demo" / "images" / "VR99999.jpg").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")

    with pytest.raises(FileExistsError, match="not empty"):
        write_catalog(tmp_path, products=15, shoppers=2)

    assert (tmp_path / "letters.txt").read_text(encoding="utf-8") == "dear"
