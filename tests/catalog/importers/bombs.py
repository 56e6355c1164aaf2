"""Small files that unpack, or are parsed, to very much."""

import gzip
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from tests.catalog.importers import test_workbook
from tests.catalog.importers.test_workbook import damaged

MEGABYTE = 1_000_000
ENTRY = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, *[0] * 5, 0, 0, 1, *[0] * 6) + b"a"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPE = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
ITEM = "<rss><channel><item><id>{}</id></item></channel></rss>"


def directory(entries: int, number: int, size: int | None = None) -> bytes:
    """Return a zip of a directory alone. number, size: what its end says of it."""
    listed = ENTRY * entries
    size = len(listed) if size is None else size
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, number, number, size, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(listed), 1)
    return listed + end64 + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *[0xFFFF] * 2, *[0xFFFFFFFF] * 2, 0)


def sheet(content: bytes) -> bytes:
    return damaged("xl/worksheets/sheet1.xml", content)


def with_texts(content: bytes) -> bytes:
    file = BytesIO(test_workbook.packed(("S", test_workbook.ROWS)))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", content)
    return file.getvalue()


def packed(members: dict[str, bytes], way: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", way) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def nested(times: int) -> bytes:
    data = packed({"products.csv": bytes(10 * MEGABYTE)})
    for _ in range(times):
        data = packed({f"{number}.zip": data for number in range(10)})
    return data


# By the name of the file: its content, and the reason against it.
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "members.zip": (lambda: directory(2_000_000, 2_000_000), "has over 500,000 files"),
    "understated.zip": (lambda: directory(2_000_000, 1), "has over 500,000 files"),
    "claims.zip": (lambda: directory(1, 2**40), "has over 500,000 files, or claims to"),
    "directory.zip": (lambda: directory(1, 1, 2**62), "its directory is said to have 4,611,686,018,427,387,904 bytes"),
    "ratio.zip": (lambda: packed({"products.csv": bytes(300 * MEGABYTE)}), "at most 200,000,000 are unpacked"),
    "line.zip": (lambda: packed({"products.csv": b"a" * 199 * MEGABYTE}), "line 1 has over 2,000,000 characters"),
    "nested.zip": (lambda: nested(3), "is none of what is understood"),
    "bzip2.zip": (lambda: packed({"products.csv": bytes(199 * MEGABYTE)}, zipfile.ZIP_BZIP2), "packed by bzip2"),
    "t.csv.gz": (lambda: gzip.compress(b"sku,title\n" * 100_000) * 1000, "unpacks to over 200 times its size"),
    "one.json.gz": (lambda: gzip.compress(b'[{"a": "') + gzip.compress(b"a" * MEGABYTE) * 300, "in one object"),
    "cells.xlsx": (lambda: sheet(HEAD + b"<row>" + b"<c/>" * 40_000_000), "more elements"),
    "rows.xlsx": (lambda: sheet(HEAD + b"<row/>" * 30_000_000), "more elements"),
    "sheet.xlsx": (lambda: sheet(bytes(300 * MEGABYTE)), "at most 200,000,000 are unpacked"),
    "deep.xlsx": (lambda: sheet(HEAD + b"<a>" * 5_000_000), "over 100 elements deep"),
    "styles.xlsx": (lambda: damaged("xl/styles.xml", b"<styleSheet><cellXfs>" + b"<xf/>" * 5_000_000), "more elements"),
    "texts.xlsx": (lambda: with_texts(b"<sst>" + b"<si/>" * 12_000_000), "more elements"),
    "laughs.xlsx": (
        lambda: sheet(f"{DOCTYPE}<worksheet>&l9;</worksheet>".encode()), "a DOCTYPE"
    ),
    "tag.xlsx": (lambda: sheet(HEAD + b"<row a='" + b"x" * 190 * MEGABYTE), "bytes without an end"),
    "laughs.xml": (lambda: (DOCTYPE + ITEM.format("&l9;")).encode(), "it has a DOCTYPE"),
    "outside.xml": (lambda: (OUTSIDE + ITEM.format("&e;")).encode(), "it has a DOCTYPE"),
    "deep.xml": (lambda: b"<a>" * 100 * MEGABYTE, "line 1 is over 50 elements deep"),
    "names.xml": (lambda: b"<x>" + b"".join(b"<a%d/>" % n for n in range(5_000_000)), "over 20,000 names"),
    "text.xml": (lambda: b"<rss><item><id>" + b"a" * 300 * MEGABYTE, "is not well-formed XML"),
    "deep.json": (lambda: b"[" * MEGABYTE, "within each other over 100 deep"),
    "deeper.json": (lambda: b'[{"a": ' + b'{"a":' * MEGABYTE, "within each other over 100 deep"),
    "one.json": (lambda: b'[{"a": "' + b"a" * 500 * MEGABYTE + b'"}]', "has over 64,000,000 characters in one object"),
    "values.json": (lambda: b'[{"a": [' + b"[]," * 20_000_000 + b"[]]}]", "has over 2,000,000 values in one object"),
    "around.json": (lambda: b'{"products": [' + b'{"sku": "a"},' * 8_000_000 + b"{}]}", "it has over 64,000,000 bytes"),
    "line.csv": (lambda: b"a" * 500 * MEGABYTE, "line 1 has over 2,000,000 characters"),
    "wide.csv": (lambda: b",".join(b"a%d" % n for n in range(200_000)) + b"\n1", "has over 5,000 columns"),
}  # fmt: skip


def write(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(BOMBS[name][0]())
    return path
