"""DeepFashion's In-shop Clothes Retrieval: img/WOMEN/CATEGORY/id_ITEM/COLOUR_NUMBER_POSE.jpg, and lists in Anno/."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import ClassVar, Self

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.lists import ListFile
from catalog.importers.rows import Problem, Row
from catalog.importers.values import read_text, text_of

IMAGE = re.compile(r"(?:.*/)?(MEN|WOMEN)/([^/]+)/(id_\d+)/(\d+)_\d+_(\w+)\.\w+")
POSES = ("front", "full", "side", "back", "additional", "flat")  # in the order of a product's images
DESCRIPTIONS = "list_description_inshop.json"
BOXES = "list_bbox_inshop.txt"  # image_name clothes_type pose_type x_1 y_1 x_2 y_2


class DeepFashionItems:
    """Items in each of their colours: a product with the images of all poses, the front first."""

    layout: ClassVar[str] = "img/WOMEN/CATEGORY/id_1/01_1_front.jpg (DeepFashion, in-shop)"
    has_prices: ClassVar[bool] = False

    def __init__(self, archive: Archive, images: Sequence[re.Match[str]]) -> None:
        self.archive = archive
        self.problems: list[Problem] = []
        self.items: dict[tuple[str, str], list[re.Match[str]]] = {}
        for match in images:
            self.items.setdefault((match[3], match[4]), []).append(match)
        lists = {PurePosixPath(name).name: name for name in archive.names if name.endswith((".txt", ".json"))}
        self.descriptions = self._descriptions(lists[DESCRIPTIONS]) if DESCRIPTIONS in lists else {}
        self.boxes = self._boxes(lists[BOXES]) if BOXES in lists else {}
        missing = [name for name in (DESCRIPTIONS, BOXES) if name not in lists]
        self.notes = [f"{', '.join(missing)}: not there"] if missing else []

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        images = [match for name in archive.images if (match := IMAGE.fullmatch(name))]
        return cls(archive, images) if images else None

    def __len__(self) -> int:
        return len(self.problems) + len(self.items)

    def __iter__(self) -> Iterator[Row | Problem]:
        yield from self.problems
        for (item, colour), matches in self.items.items():
            yield self._row(item, colour, sorted(matches, key=by_pose))

    def _row(self, item: str, colour: str, matches: Sequence[re.Match[str]]) -> Row:
        people, folder = matches[0][1].capitalize(), matches[0][2].replace("_", " ")
        image, *further = (match[0] for match in matches)
        described = self.descriptions.get(item, {})
        return Row(
            place=image,
            sku=f"{item}-{colour}",
            title=f"{folder} {item.removeprefix('id_')}",
            category=folder,
            image=image,
            attributes={
                "people": people,
                # It is that of the first colour alone.
                "colour": described.get("color", "") if colour == "01" else "",
                "description": described.get("description", ""),
                "bounding box": self.boxes.get(image[matches[0].start(1) :], ""),
            },
            further_images=tuple(further),
        )

    def _descriptions(self, name: str) -> dict[str, dict[str, str]]:
        """Return the colour and the description of items."""
        label = f"{self.archive.label}/{name}"
        try:
            with self.archive.open_unpacked(name) as file:
                found = json.load(file)
        except (ValueError, RecursionError, *READ_ERRORS) as error:
            raise ImportFailed(f"{label} cannot be read: {error}") from error
        if not isinstance(found, list):
            raise ImportFailed(f"{label} is no JSON array")
        items = [entry for entry in found if isinstance(entry, dict) and "item" in entry]
        if len(items) < len(found):
            self.problems.append(Problem(name, f"{len(found) - len(items)} elements name no item"))
        return {str(entry["item"]): {key: read_text(text_of(value)) for key, value in entry.items()} for entry in items}

    def _boxes(self, name: str) -> dict[str, str]:
        """Return the boxes of images, by their paths from MEN or WOMEN on."""
        found = {}
        for entry in ListFile(self.archive, name):
            if isinstance(entry, Problem):
                self.problems.append(entry)
            elif match := IMAGE.fullmatch(entry[1]):
                found[entry[1][match.start(1) :]] = ", ".join(entry[2][2:])
        return found


def by_pose(match: re.Match[str]) -> tuple[int, str]:
    return (POSES.index(match[5]) if match[5] in POSES else len(POSES)), match[0]
