"""Reports on demand that the shop does not meet. They lie beside the generator that they are about.

All of it is prediction: a model of tastes judges pictures that another model made. Nobody was asked.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from recommender.models import ModelVersion

REPORT = "gaps.json"


@dataclass(frozen=True)
class Gap:
    """A region, and the picture in it that most shoppers would want."""

    category: str
    file: str  # beside the report
    shoppers: int  # who would rank it among their first hundredth of the category's products
    above_all: int  # who would rank it above all of them
    realism: float  # the discriminator's word
    apart: float  # share of the generator's random pictures that are nearer to a product
    nearest: str  # SKU of the product that looks most like it
    pictures: int  # of those tried, how many are in the region


@dataclass(frozen=True)
class Report:
    generator: str
    scorer: str
    made_at: str  # ISO 8601
    shoppers: int  # whose tastes were asked
    categories: list[str]  # that were looked through
    gaps: list[Gap]  # by category, that of most shoppers first


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
