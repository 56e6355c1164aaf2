"""DeepFashion's Category and Attribute Prediction: list_*.txt in Anno/, and images in img/."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import ClassVar, Self

from catalog.errors import ImportFailed
from catalog.importers.archive import Archive
from catalog.importers.lists import ListFile
from catalog.importers.rows import Problem, Row

IMAGES = "list_category_img.txt"
CATEGORIES = "list_category_cloth.txt"
ATTRIBUTES = "list_attr_cloth.txt"
IMAGE_ATTRIBUTES = "list_attr_img.txt"
BOXES = "list_bbox.txt"
CATEGORY_TYPES = {"1": "upper body", "2": "lower body", "3": "full body"}
ATTRIBUTE_TYPES = {"1": "texture", "2": "fabric", "3": "shape", "4": "part", "5": "style"}
BOX = "bounding box"  # left, top, right and bottom in pixels of the image


class DeepFashion:
    """Images in the order of their list: each is a product, of the folder's name, with its category and attributes."""

    layout: ClassVar[str] = "Anno/list_category_img.txt beside img/NAME/img_1.jpg (DeepFashion)"
    has_prices: ClassVar[bool] = False

    def __init__(self, archive: Archive, images: str) -> None:
        self.archive = archive
        self.folder = images.removesuffix(IMAGES)
        self.table = ListFile(archive, images)
        self.problems: list[Problem] = []
        self.categories = self._named(CATEGORIES, required=True)
        self.attributes = self._named(ATTRIBUTES)
        self.labels = self._labels()
        self.boxes = {name: ", ".join(values) for _, name, values in self._entries(BOXES)}
        self.prefix = self._prefix()

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        found = next((name for name in archive.names if PurePosixPath(name).name == IMAGES), None)
        return cls(archive, found) if found else None

    @property
    def notes(self) -> Sequence[str]:
        lists = {ATTRIBUTES: self.attributes, IMAGE_ATTRIBUTES: self.labels, BOXES: self.boxes}
        missing = [name for name, found in lists.items() if not found]
        return [f"{', '.join(missing)}: not there, or empty"] if missing else []

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Row | Problem]:
        yield from self.problems
        for entry in self.table:
            yield entry if isinstance(entry, Problem) else self._row(entry[0], entry[1], entry[2][0])

    def _row(self, place: str, image: str, label: str) -> Row | Problem:
        if not label.isdecimal() or not 0 < int(label) <= len(self.categories):
            return Problem(place, f"category_label {label} is none of 1 to {len(self.categories)}, as in {CATEGORIES}")
        category, kind = self.categories[int(label) - 1]
        path = PurePosixPath(image)
        name = path.parent.name
        described: dict[str, list[str]] = {}
        for number in self.labels.get(image, ()):
            attribute, group = self.attributes[number]
            described.setdefault(ATTRIBUTE_TYPES.get(group, "attribute"), []).append(attribute)
        return Row(
            place=place,
            sku=f"{name}-{path.stem.removeprefix('img_')}",
            title=name.replace("_", " "),
            category=category,
            image=f"{self.prefix}{image}",
            attributes={
                "type": CATEGORY_TYPES.get(kind, ""),
                **{group: ", ".join(texts) for group, texts in described.items()},
                BOX: self.boxes.get(image, ""),
            },
        )

    def _named(self, name: str, *, required: bool = False) -> list[tuple[str, str]]:
        """Return names with their types, in the order of their list."""
        if required and f"{self.folder}{name}" not in self.archive.names:
            raise ImportFailed(f"{self.table.label} needs {name} beside it, which says what its labels are")
        return [(text, values[0]) for _, text, values in self._entries(name, 1)]

    def _labels(self) -> dict[str, tuple[int, ...]]:
        """Return the numbers of the attributes of each image that has some."""
        if not self.attributes:
            return {}
        found = {}
        for place, image, values in self._entries(IMAGE_ATTRIBUTES):
            if len(values) != len(self.attributes):
                reason = f"it has {len(values)} attributes, {ATTRIBUTES} names {len(self.attributes)}"
                self.problems.append(Problem(place, reason))
                continue
            found[image] = tuple(number for number, value in enumerate(values) if value == "1")
        return found

    def _entries(self, name: str, ends_with: int | None = None) -> Iterator[tuple[str, str, list[str]]]:
        """Yield the rows of another list, if it is there."""
        if f"{self.folder}{name}" in self.archive.names:
            for entry in ListFile(self.archive, f"{self.folder}{name}", ends_with):
                if isinstance(entry, Problem):
                    self.problems.append(entry)
                else:
                    yield entry

    def _prefix(self) -> str:
        """Return the folders in which the paths of the list are, such as Img/."""
        first = next((entry[1] for entry in self.table if not isinstance(entry, Problem)), "")
        root = f"/{first.split('/')[0]}/"
        paths = (f"/{name}" for name in self.archive.images)
        return next((path[1 : path.rindex(root) + 1] for path in paths if root in path), "")
