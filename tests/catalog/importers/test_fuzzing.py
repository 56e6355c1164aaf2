import pytest

from catalog.errors import ImportFailed
from catalog.importers import import_products
from catalog.importers.detect import open_source
from catalog.models import Product
from tests.catalog.importers import fuzzing_events
from tests.catalog.importers.builders import jpegs, shop_table, write_folder
from tests.catalog.importers.exports.catalogue import IMAGES
from tests.catalog.importers.fuzzing import draw_files, objections

pytestmark = pytest.mark.slow

BATCH = 250


@pytest.mark.parametrize("first", range(0, 4 * BATCH, BATCH))
def test_fuzzed_exports_are_read_or_refused_and_no_row_is_lost_unseen(first):
    found = {number: list(objections(draw_files(number))) for number in range(first, first + BATCH)}

    assert {number: why for number, why in found.items() if why} == {}


@pytest.mark.django_db
def test_of_fuzzed_exports_each_entry_is_imported_or_told(tmp_path):
    imported = 0
    for number in range(1_000_000, 1_000_040):
        folder = write_folder(tmp_path / str(number), jpegs(IMAGES) | draw_files(number))
        before = Product.objects.count()
        try:
            report = import_products(folder)
        except ImportFailed:
            continue
        with open_source(folder) as source:
            announced = len(source)
        written = report.created + report.updated + report.unchanged
        told = len({problem.place for problem in report.problems})
        assert written + told >= announced, number
        assert Product.objects.count() == before + report.created, number
        imported += written
    assert imported > 20


def test_fuzzed_events_are_read_or_refused(tmp_path):
    found = {}
    for number in range(4 * BATCH):
        file = tmp_path / "events.txt"
        file.write_bytes(fuzzing_events.draw_events(number))
        found[number] = list(fuzzing_events.objections(file, 4 if number % 3 == 0 else None))

    assert {number: why for number, why in found.items() if why} == {}


LONG = {
    "one word": "x" * 900_000,
    "many words": " ".join(f"w{number}" for number in range(120_000)),
    "ligatures of 18 letters": "ﷺ" * 200_000,
    "Chinese": " ".join(chr(0x4E00 + number % 20_000) + chr(0x4E00 + number // 20_000) for number in range(200_000)),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", LONG)
def test_long_texts_are_imported(tmp_path, name):
    report = import_products(shop_table(tmp_path, 1, care=LONG[name], made=LONG[name]))

    assert (report.created, report.failed) == (1, 0)
    assert Product.objects.get().attributes["care"] == LONG[name].strip()
