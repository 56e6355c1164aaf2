"""Small sources, written by the tests themselves, and the commands that import them."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.core.management import call_command

from tests.factories import image_bytes

HEADER = ("sku", "title", "category", "price", "image")
STYLES = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
    "11,Men,Apparel,Topwear,Tshirts,Blue,Winter,2015,Sports,Jersey, blue, of cotton\n"
    "12,Women,Footwear,Shoes,Heels,Red,,2011,Casual,Red heels\n"
)


def write_folder(root: Path, files: Mapping[str, bytes | str]) -> Path:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def write_zip(path: Path, files: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_csv(path: Path, rows: Iterable[Iterable[str]], header: Iterable[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def jpegs(names: Iterable[str]) -> dict[str, bytes]:
    """An image of its own for each name."""
    return {name: image_bytes(seed, format="JPEG") for seed, name in enumerate(names)}


def shop_table(folder: Path, count: int = 2, **columns: str) -> Path:
    """A folder with products.csv and its images: P0, P1 ...; further columns have the same value in every row."""
    folder.mkdir(parents=True, exist_ok=True)
    write_folder(folder, jpegs(f"images/P{number}.jpg" for number in range(count)))
    rows = [
        [f"P{number}", f"Product {number}", "Shoes", f"{number + 10}.50", f"images/P{number}.jpg", *columns.values()]
        for number in range(count)
    ]
    write_csv(folder / "products.csv", rows, [*HEADER, *columns])
    return folder


def run_command(*words: object) -> tuple[str, str]:
    """What a management command writes to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*(str(word) for word in words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()
