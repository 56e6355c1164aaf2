import io
import zipfile
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from recommender.imports import execution, runs
from recommender.imports.models import Feed, ImportRun
from tests.factories import image_bytes

HEADER = "sku,title,category,price,image"


def zipped(*rows: str, header: str = HEADER) -> bytes:
    """A zip with a table of these rows and the picture a.png."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("products.csv", "\n".join([header, *rows, ""]))
        file.writestr("a.png", image_bytes(1))
    return buffer.getvalue()


def row(sku: str, price: str = "9.50") -> str:
    return f"{sku},Boots,Shoes,{price},a.png"


@pytest.fixture
def uploaded(db) -> Callable[..., ImportRun]:
    def upload(*rows: str, name: str = "shop.zip", **options) -> ImportRun:
        return runs.upload(name, [zipped(*rows, **options)], by=None, columns={})

    return upload


def done(run: ImportRun) -> ImportRun:
    """The import as a worker leaves it."""
    execution.run(runs.claim(run.pk))
    return ImportRun.objects.get(pk=run.pk)


@pytest.fixture
def feed(db, internet) -> Feed:
    return Feed.objects.create(name="supplier", url="http://img.example/feed?format=csv", retire=True, most_retired=50)


def table(*skus: str) -> bytes:
    """A feed whose pictures have URLs."""
    return "\n".join([HEADER, *(f"{sku},Boots,Shoes,9.50,http://img.example/{sku}.png" for sku in skus), ""]).encode()


@pytest.fixture
def django_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("shop.zip", zipped(row("A")))
