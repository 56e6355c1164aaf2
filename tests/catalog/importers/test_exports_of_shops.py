"""Hundreds of tables: each layout in each oddity, in drawn dialects, compared with the catalogue they were made of."""

import random
from dataclasses import replace

import pytest

from catalog.errors import ImportFailed
from catalog.importers import import_products
from catalog.importers.detect import find_source
from catalog.importers.rows import Problem
from catalog.models import Product
from tests.catalog.importers.builders import jpegs, write_folder
from tests.catalog.importers.exports import programs
from tests.catalog.importers.exports.catalogue import FAR, IMAGES, ITEMS, Memory, differences
from tests.catalog.importers.exports.dialects import draw_dialect
from tests.catalog.importers.exports.documents import DOCUMENTS
from tests.catalog.importers.exports.interfaces import INTERFACES
from tests.catalog.importers.exports.oddities import INCHES, ODDITIES
from tests.catalog.importers.exports.tables import MONEY, TABLES

pytestmark = pytest.mark.slow

LAYOUTS = (*TABLES, programs.squarespace, programs.etsy, programs.wix, programs.bigcommerce)
DIALECTS = 5  # for each layout and oddity
DRAWN = 20  # documents of each kind
PLAIN = ODDITIES["none"]
FILES = dict.fromkeys(IMAGES, b"x")


@pytest.mark.parametrize("name", ODDITIES)
def test_each_layout_is_read_as_it_was_meant(name):
    oddity, generator, wrong = ODDITIES[name], random.Random(name), {}
    for layout in LAYOUTS:
        for _ in range(DIALECTS):
            dialect, money = draw_dialect(generator), generator.choice(MONEY)
            if oddity.is_wide and dialect.is_narrow:
                continue
            items = (*ITEMS, *([] if dialect.is_narrow else [FAR]), *oddity.items)
            grid = oddity.change(layout(items, money), generator)
            archive = Memory(FILES | {dialect.file_name: oddity.write(grid, dialect)})
            if why := objections(archive, grid.expected, oddity, grid.program):
                wrong[layout.__name__, dialect, money] = why
    assert not wrong, "\n".join(f"{combination}: {why}" for combination, why in wrong.items())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_is_read_as_it_was_meant(name):
    generator, wrong = random.Random(name), {}
    for number in range(DRAWN):
        items = (*ITEMS, *([FAR] if generator.random() < 0.5 else []), INCHES)
        files, expected = DOCUMENTS[name](items, generator)
        images = {} if name == "H&M" else FILES
        if why := objections(Memory(files | images), expected):
            wrong[number, *files] = why
    assert not wrong, "\n".join(f"{document}: {why}" for document, why in wrong.items())


@pytest.mark.parametrize("name", INTERFACES)
def test_each_interface_and_feed_is_read_as_it_was_meant(name):
    generator, wrong = random.Random(name), {}
    for number in range(DRAWN):
        items = (*ITEMS, *([FAR] if generator.random() < 0.5 else []), INCHES)
        files, expected = INTERFACES[name](items, generator)
        if why := objections(Memory(files | FILES), expected):
            wrong[number, *files] = why
    assert not wrong, "\n".join(f"{document}: {why}" for document, why in wrong.items())


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_a_sample_arrives_in_the_shop_and_stays_as_it_is(tmp_path, seed):
    generator, money = random.Random(seed), MONEY[seed]
    dialect = replace(draw_dialect(generator), encoding=generator.choice(["utf-8", "utf-16-le"]))
    oddity = ODDITIES[generator.choice([name for name, odd in ODDITIES.items() if not odd.is_lossy])]
    grid = oddity.change(TABLES[seed % len(TABLES)]((*ITEMS, FAR, *oddity.items), money), generator)
    write_folder(tmp_path, jpegs(IMAGES) | {dialect.file_name: oddity.write(grid, dialect)})

    first, second = import_products(tmp_path), import_products(tmp_path)

    count = len(grid.expected)
    assert (first.created, first.failed) == (count, oddity.problems)
    assert (second.created, second.updated, second.unchanged) == (0, 0, count)
    for one in grid.expected:
        product = Product.objects.select_related("category").get(sku=one.sku)
        values = (product.title, product.category.name, product.price, product.in_stock, product.is_hidden)
        assert values == (one.title, one.category, one.price, one.in_stock, bool(one.is_hidden))
        assert tuple(image.source for image in product.images.order_by("position")) == one.images


def objections(archive, expected, oddity=PLAIN, program=""):
    """What is read otherwise than it was meant."""
    try:
        source = find_source(archive)
        entries = list(source)
    except ImportFailed as error:
        return [str(error)]
    rows = {entry.sku: entry for entry in entries if not isinstance(entry, Problem)}
    problems = [str(entry) for entry in entries if isinstance(entry, Problem)]
    found = {one.sku: differences(rows[one.sku], one) for one in expected if one.sku in rows}
    why = [f"{sku}: {texts}" for sku, texts in found.items() if texts]
    missing = [one.sku for one in expected if one.sku not in rows]
    more = rows.keys() - {one.sku for one in expected}
    is_told = oddity.is_lossy and missing == [item.sku for item in oddity.items] and 1 <= len(problems) <= 2
    if (missing or len(problems) != oddity.problems) and not is_told or more:
        why.append(f"missing {missing}, not expected {sorted(more)}, problems {problems}")
    if len(entries) != len(source):
        why.append(f"{len(source)} entries were announced, {len(entries)} came")
    if program and not any(program in note for note in source.notes):
        why.append(f"not read as {program}")
    return why
