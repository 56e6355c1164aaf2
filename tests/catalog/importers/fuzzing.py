"""Fuzzed exports: no import may end with anything but a reason, and no row may be lost unseen.

`python -m tests.catalog.importers.fuzzing SECONDS [SEED]` reads fuzzed tables without a database, and prints what was
wrong with the numbers of the files, by which they are made again.
"""

import io
import os
import random
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")
    django.setup()

from catalog.errors import ImportFailed
from catalog.importers.csv_file import CsvFile
from catalog.importers.detect import find_source
from catalog.importers.products import check_rows
from catalog.importers.rows import Problem
from catalog.importers.table import Table
from catalog.importers.variants import Record
from tests.catalog.importers.exports.catalogue import FAR, IMAGES, ITEMS, Memory
from tests.catalog.importers.exports.dialects import draw_dialect
from tests.catalog.importers.exports.documents import DOCUMENTS
from tests.catalog.importers.exports.oddities import ODDITIES
from tests.catalog.importers.exports.tables import MONEY, TABLES, Grid

CELLS = (
    "", " ", "0", "-1", "1e999", "NaN", "١٢", "1,299", "99999999999999999999", "-0.00", "NULL", "none", "true", "=1+1",
    "../../etc/passwd", "C:\\x\\y.jpg", "http://[", "https://a/b.jpg, c.jpg", "data:image/png;base64,AA", "//x",
    "a.jpg|", "TR-1", "TR-2", "id:101", "id:102", "sku=TR-1,size=1|sku=9,size=2", "sku=", "a=b,c", "a:b:c|d", ">", "/",
    "<b>", "<", "&#0;", "&#xD800;", "&amp;", "\0", "\ud800", "\u202e", "\u2028", "\x85", "\x1c", "\x0b", "\x1a",
    "\ufeff", '"', '"a', 'a"', '\\"', "'", ",", ";", "\t", "|", "\n", "\r", "\r\n\r\n", "sep=;", "[1]", '{"a": 1}', 
    "x" * 300, "x" * 5000, "word " * 3000, "ﷺ" * 40, "e\u0301", "İ", "ß", "sku", "title", "price",
)  # fmt: skip
BYTES = (b"", b"\0", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1a", b'"', b"\n", b"\r", b";", b",", b"\t")
LINKS = {"ID", "SKU", "sku", "Parent", "Handle", "URL handle", "id", "Reference #", "configurable_variations"}
PLACE = re.compile(r" lines? (\d+)(?:-(\d+))?$")


def draw_files(number: int) -> dict[str, bytes]:
    """Draw an export with changed cells, rows, columns or bytes; the same of the same number."""
    generator = random.Random(number)
    items = generator.sample((*ITEMS, FAR), generator.randint(1, 6))
    if generator.random() < 0.25:
        files, _ = DOCUMENTS[generator.choice(["JSON", "XML", "H&M"])](items, generator)
        return {name: damage(data, generator) if not name.endswith(".jpg") else data for name, data in files.items()}
    grid = generator.choice(TABLES)(items, generator.choice(MONEY))
    oddity = ODDITIES[generator.choice(list(ODDITIES))]
    grid = change(oddity.change(grid, generator), generator)
    dialect = replace(draw_dialect(generator), encoding=generator.choice(["utf-8", "utf-8-sig"]))
    data = oddity.write(without_surrogates(grid), dialect)
    return {dialect.file_name: data if generator.random() < 0.6 else damage(data, generator)}


def without_surrogates(grid: Grid) -> Grid:
    def clean(row: list[str]) -> list[str]:
        return [text.encode("utf-8", "replace").decode() for text in row]

    return replace(grid, header=clean(grid.header), rows=[clean(row) for row in grid.rows])


def change(grid: Grid, generator: random.Random) -> Grid:
    """Change cells, rows and columns of a table."""
    header, rows = list(grid.header), [list(row) for row in grid.rows]
    for _ in range(generator.choice([0, 1, 3, 10])):
        row = generator.choice([header, *rows] if generator.random() < 0.1 else rows)
        if row:
            row[generator.randrange(len(row))] = generator.choice(CELLS)
    if generator.random() < 0.4:
        link(header, rows, generator)
    if generator.random() < 0.3:
        rows.insert(generator.randrange(len(rows)), list(generator.choice(rows)))
    if generator.random() < 0.2:
        del generator.choice(rows)[generator.randrange(3) :]
    if generator.random() < 0.2:
        generator.shuffle(rows)
    if generator.random() < 0.1:
        column = generator.randrange(len(header))
        header, rows = (header[:column] + header[column + 1 :], [row[:column] + row[column + 1 :] for row in rows])
    return replace(grid, header=header, rows=rows)


def link(header: Sequence[str], rows: list[list[str]], generator: random.Random) -> None:
    """Let rows be variants of any others: of each other, of themselves, of nothing."""
    columns = [number for number, name in enumerate(header) if name in LINKS]
    keys = [row[number] for row in rows for number in columns if number < len(row)]
    for _ in range(generator.randint(1, 6)):
        row = generator.choice(rows)
        if columns and len(row) == len(header):
            key = generator.choice(keys)
            number = generator.choice(columns)
            row[number] = f"sku={key},size=1" if header[number] == "configurable_variations" else key


def damage(data: bytes, generator: random.Random) -> bytes:
    """Change some bytes."""
    changed = bytearray(data)
    for _ in range(generator.choice([0, 1, 2, 5, 20])):
        start = generator.randrange(len(changed) + 1)
        end = start + generator.choice([0, 1, 1, 5, 50])
        changed[start:end] = generator.choice([*BYTES, generator.randbytes(1), changed[start:end] * 2])
    return bytes(changed[: generator.randrange(len(changed) + 1)] if generator.random() < 0.05 else changed)


def objections(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what is wrong with how an export is read."""
    try:
        source = find_source(Memory(dict.fromkeys(IMAGES, b"x") | dict(files)))
        entries = list(source)
        checked = list(check_rows(entries))
    except ImportFailed as error:
        if len(str(error)) < 20:
            yield f"the reason is short: {error}"
        return
    if len(source) != len(entries) or len(checked) != len(entries):
        yield f"{len(source)} entries are announced, {len(entries)} come, {len(checked)} are checked"
    if not isinstance(source, Table):
        return
    records = list(source.table)
    unread = sum(isinstance(record, Problem) for record in records)
    found = len(entries) - unread + source.variants + source.left_out
    if found != len(records) - unread:
        yield f"of {len(records) - unread} records {found} are products, variants, left out or problems"
    if isinstance(source.table, CsvFile) and (lost := lost_lines(source.table, records)):
        yield f"lines {lost} are lost"


def lost_lines(table: CsvFile, records: Sequence[Record | Problem]) -> list[int]:
    """Return the lines with text, below the header, of which nothing is told."""
    told: set[int] = set()
    places = [record.place if isinstance(record, Problem) else record[0] for record in records]
    header = next(table._records())
    assert not isinstance(header, Problem)
    for place in (header[0], *places):
        match = PLACE.search(place)
        assert match, place
        told.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    with table.archive.open_unpacked(table.name) as file:
        lines = list(io.TextIOWrapper(file, table.encoding, errors="replace", newline=""))
    lost = [number for number, line in enumerate(lines, 1) if re.search(r"\w", line) and number not in told]
    return lost if len(lost) > table.repeated + table.skipped else []


def main() -> int:
    seconds, number, wrong = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, 0
    first, end = number, time.monotonic() + seconds
    while time.monotonic() < end and wrong < 20:
        try:
            found = list(objections(draw_files(number)))
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        for why in found:
            print(number, why, flush=True)
        wrong += bool(found)
        number += 1
    print(f"{number - first} files, {wrong} read wrongly")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
