"""Reports on demand that the shop does not meet. They lie beside the generator that they are about.

All of it is prediction: a model of tastes judges pictures that another model made. Nobody was asked.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pglock
from django.db import connection

from recommender.errors import AlreadyLooking
from recommender.models import ModelVersion

REPORT = "gaps.json"
LOCK = "recommender.designs.gap_reports"  # held by the database session of the search, and released when that ends


@dataclass(frozen=True)
class Gap:
    """A region, and the picture in it that most shoppers would want."""

    category: str
    file: str  # beside the report
    shoppers: int  # who would rank it among their first hundredth of the category's products
    above_all: int  # who would rank it above all of them
    realism: float  # the discriminator's word
    apart: float  # share of products that, made by the generator, look nearer to themselves than this to any
    nearest: str  # SKU of the product that looks most like it
    pictures: int  # of those tried, how many are in the region


@dataclass(frozen=True)
class Report:
    generator: str
    scorer: str
    made_at: str  # ISO 8601
    shoppers: int  # whose tastes were asked
    gaps: list[Gap]  # by category, that of most shoppers first
    categories: list[str] = field(default_factory=list)  # that were looked through; of old reports nobody knows


@contextmanager
def alone() -> Iterator[None]:
    """For whoever looks for gaps. Raises AlreadyLooking where somebody does."""
    with pglock.advisory(LOCK, timeout=0) as is_acquired:
        if not is_acquired:
            raise AlreadyLooking("gaps are being looked for already; try again when that report is there")
        yield


def is_looked_for() -> bool:
    """Return whether somebody holds the lock, without touching it: a page view must stand in nobody's way."""
    # By hand: pglock's model of pg_locks has the locks of tables alone.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32 | objid::bigint) = %s)",
            [pglock.advisory(LOCK).int_lock_id],
        )
        return bool(cursor.fetchone()[0])


def folder_of(generator: ModelVersion) -> Path:
    return generator.folder / "gaps"


def kept(generator: ModelVersion) -> Report | None:
    """The last report on this version, if there is one."""
    file = folder_of(generator) / REPORT
    if not file.exists():
        return None
    told = json.loads(file.read_text())
    return Report(**told | {"gaps": [Gap(**gap) for gap in told["gaps"]]})


def write(report: Report, folder: Path) -> None:
    (folder / REPORT).write_text(json.dumps(asdict(report), indent=1))
