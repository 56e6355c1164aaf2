"""Import of a large table: rows a second and peak memory, the first time and again.

`python -m tests.benchmarks.big_import 1000000 [--images file]` writes a CSV of so many products into a temporary
folder, starts PostgreSQL and Valkey there, imports the table twice with `manage.py import_products`, each time in a
process of its own, and prints JSON. In between the database alone writes the same rows into the emptied tables, and
takes that back: `database` has its seconds, and `ratio` the first import's as a multiple of these. It exits with 1 if
not all rows came, or the second import changed anything. The images are URLs that nobody fetches, or one file beside
the table, of which each product gets a copy.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.shop.shop import ROOT
from visrec_site import embedded

IMAGES = {"url": "https://img.example/{sku}.jpg", "file": "shared.jpg"}
HEADER = ("sku", "title", "category", "price", "image", "in_stock", "brand", "colour", "material")
BRANDS, COLOURS, MATERIALS = ("Acme", "Borealis", "Cedro"), ("red", "blue", "green", "black"), ("wool", "cotton")
CATEGORIES = 200
TABLES = ("catalog_product", "catalog_productimage", "catalog_imagedownload")  # that an import of products fills


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.big_import", description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--images", choices=list(IMAGES), default="url")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="visrec-import-") as name:
        folder = Path(name)
        os.environ |= {"VISREC_VAR": str(folder / "var"), "VISREC_IMAGE_HOSTS": "img.example"}
        Image.new("RGB", (24, 24), "teal").save(folder / "shared.jpg")
        table = folder / "products.csv"
        write_table(table, options.rows, IMAGES[options.images])
        with embedded.Services(folder / "var"):
            run("migrate", "--verbosity", "0")
            first = measure_import(table, options.rows)
            database = measure_database()
            runs = [first, measure_import(table, options.rows)]
        megabytes = table.stat().st_size / 1e6
    report = {"rows": options.rows, "images": options.images, "csv_mb": round(megabytes, 1), "imports": runs}
    print(json.dumps(report | {"database": round(database, 1), "ratio": round(runs[0]["seconds"] / database, 2)}))
    expected = [f"{options.rows} created, 0 updated, 0 unchanged, 0", f"0 created, 0 updated, {options.rows} unchanged"]
    return int(not all(one["report"].startswith(text) for one, text in zip(runs, expected, strict=True)))


def write_table(file: Path, rows: int, image: str) -> None:
    with file.open("w", newline="") as text:
        table = csv.writer(text)
        table.writerow(HEADER)
        for number in range(rows):
            sku, brand, colour = f"B-{number:07}", BRANDS[number % 3], COLOURS[number % 4]
            category, price = f"Category {number % CATEGORIES}", f"{5 + number % 400}.95"
            title = f"{brand} model {number % 5000} in {colour}"
            table.writerow(
                [sku, title, category, price, image.format(sku=sku), number % 7, brand, colour, MATERIALS[number % 2]]
            )


def measure_import(table: Path, rows: int) -> dict[str, object]:
    """Import a table, and return what the command reports, its rows a second and its peak memory in MB."""
    began = time.monotonic()
    report, peak = run("import_products", str(table), "--verbosity", "0")
    seconds = time.monotonic() - began
    return {
        "report": report.strip(),
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "peak_mb": round(peak),
    }


def measure_database() -> float:
    """Return the seconds in which PostgreSQL writes the rows of these tables again, one statement for each."""
    import django
    from django.db import connection, transaction

    os.environ["DJANGO_SETTINGS_MODULE"] = "visrec_site.settings"
    django.setup()
    seconds = 0.0
    with transaction.atomic(), connection.cursor() as cursor:
        for name in TABLES:
            cursor.execute(f"CREATE TEMP TABLE copy_{name} ON COMMIT DROP AS SELECT * FROM {name}")
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for name in TABLES:
            cursor.execute(
                "SELECT string_agg(quote_ident(column_name), ',') FROM information_schema.columns"
                " WHERE table_name = %s AND is_generated = 'NEVER'",
                (name,),
            )
            [columns] = cursor.fetchone()
            began = time.monotonic()
            cursor.execute(f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM copy_{name}")
            seconds += time.monotonic() - began
        transaction.set_rollback(True)
    connection.close()
    return seconds


def run(*words: str) -> tuple[str, float]:
    """Run a command of manage.py to its end, and return what it prints and its peak memory in MB."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"manage.py {words[0]} ended with {process.returncode}")
        out.seek(0)
        return out.read(), usage.ru_maxrss / 1000  # of Linux, in kB


if __name__ == "__main__":
    sys.exit(main())
