"""Exports with bytes changed, left out, repeated or put in anywhere: each is read, or refused with a reason."""

import random

import pytest

from catalog.errors import ImportFailed
from catalog.importers.preview import preview
from tests.catalog.importers import test_layouts, test_workbook, test_xml_feed
from tests.catalog.importers.builders import write_folder

pytestmark = pytest.mark.slow

JSON = (
    '{"sku": 1, "title": "x", "category": "c", "price": 4, "image": ["1.jpg", "https://a/b.jpg"], "in_stock": true}\n'
)
SEEDS = {
    "shopify.csv": test_layouts.SHOPIFY,
    "woocommerce.csv": test_layouts.WOOCOMMERCE,
    "magento.csv": test_layouts.MAGENTO,
    "prestashop.csv": test_layouts.PRESTASHOP,
    "feed.xml": test_xml_feed.RSS.format(test_xml_feed.item()),
    "t.xlsx": test_workbook.packed(("S", test_workbook.ROWS)),
    "t.jsonl": JSON * 3,
    "t.json": f"[{JSON}]",
}
SIGNS = [
    *(sign.encode() for sign in "\",;\n\r\0<>&=|[{-"),
    *(b"https://x/", b"http://[", b"../", b"NaN", b"1e999", b"null", b"id:", b"\\ud800"),
    *(b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\x1a"),
]  # fmt: skip
FILES = 300  # of each seed


def damaged(data: bytes, generator: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(generator.choice([1, 1, 2, 5, 20])):
        start = generator.randrange(len(changed) + 1)
        end = start + generator.randrange(30)
        changed[start:end] = generator.choice(
            [b"", generator.choice(SIGNS), generator.randbytes(1), changed[start:end] * 2]
        )
    return bytes(changed)


@pytest.mark.parametrize("name", SEEDS)
def test_a_damaged_file_is_read_or_refused(tmp_path, name):
    seed = SEEDS[name]
    generator = random.Random(name)
    for _ in range(FILES):
        data = damaged(seed if isinstance(seed, bytes) else seed.encode(), generator)
        write_folder(tmp_path, {name: data})
        try:
            assert preview(tmp_path / name, {})
        except ImportFailed as error:
            assert name in str(error)
