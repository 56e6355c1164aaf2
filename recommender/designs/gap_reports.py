"""Reports on demand that the shop does not meet, saved beside the generator that they are about.

All of it is prediction: a model of tastes scores images that another model generated. No shopper was asked.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pglock
from django.db import connection

from recommender.errors import GapSearchRunning
from recommender.models import ModelVersion
from recommender.versions.vectors.index_build import require_session

REPORT = "gaps.json"
LOCK = "recommender.designs.gap_reports"  # held by the database session of the search, and released when that ends


@dataclass(frozen=True)
class Gap:
    """A group of similar generated images that many shoppers would want, with the image that most of them want."""

    category: str
    file: str  # of the image, beside the report
    shoppers: int  # who would rank it among their first hundredth of the category's products
    above_all: int  # who would rank it above all of them
    realism: float  # output of the discriminator
    apart: float  # share of products whose reconstructions are nearer to the product than this image is to any product
    nearest: str  # SKU of the product nearest to it
    pictures: int  # number of generated images in the group
    vectors: dict[str, list[float]] = field(
        default_factory=dict
    )  # of the image, by the ids of versions; not in old ones


@dataclass(frozen=True)
class Report:
    """The result of one search for gaps."""

    generator: str
    scorer: str
    made_at: str  # ISO 8601
    shoppers: int  # whose tastes scored the images
    gaps: list[Gap]  # by category, the one of most shoppers first
    categories: list[str] = field(default_factory=list)  # that were searched; empty in reports of old versions


@contextmanager
def lock_search() -> Iterator[None]:
    """Allow one search for gaps at a time. Raises GapSearchRunning if one is running."""
    require_session("A search for gaps")
    with pglock.advisory(LOCK, timeout=0) as is_acquired:
        if not is_acquired:
            raise GapSearchRunning("a search for gaps is running already; try again when its report is there")
        yield


def is_search_running() -> bool:
    """Return whether the lock is held, without taking it: a page view must not make a search fail."""
    # By hand: pglock's model of pg_locks has the locks of tables alone.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32 | objid::bigint) = %s)",
            [pglock.advisory(LOCK).int_lock_id],
        )
        row: tuple[bool] = cursor.fetchone()
        return row[0]


def folder_of(generator: ModelVersion) -> Path:
    """Return the folder of the version's report and its images."""
    return generator.folder / "gaps"


def load_report(generator: ModelVersion) -> Report | None:
    """Load the last report on this version, if there is one."""
    file = folder_of(generator) / REPORT
    if not file.exists():
        return None
    content = json.loads(file.read_text())
    return Report(**content | {"gaps": [Gap(**gap) for gap in content["gaps"]]})


def save_report(report: Report, folder: Path) -> None:
    """Save a report in this folder."""
    (folder / REPORT).write_text(json.dumps(asdict(report), indent=1))
