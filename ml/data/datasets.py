"""Labelled images from zips, folders and CSVs of common layouts."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from ml.data.archives import Files, Table
from ml.data.decoding import StoredImage
from ml.data.images import ImageArray, decode_each
from ml.errors import BadData, UnreadableImage

SPLITS = {"train", "validation", "val", "test"}
NO_LABELS = {"id", "sku", "image", "title", "price", "productdisplayname", "name", "description", "url"}


@dataclass(frozen=True)
class ImageSet:
    """Images that are not yet decoded, with any number of labels each."""

    names: Sequence[str]
    sources: Sequence[StoredImage]
    labels: dict[str, np.ndarray]  # by column: (N,) classes from 0, -1 where there is none
    class_names: dict[str, list[str]]  # by column: of class 0, 1, ...
    failed: int = 0  # images that could not be read and were left out

    def with_labels(self, wanted: Sequence[str]) -> "ImageSet":
        """Return the same images with these labels alone. "a+b" is a label whose classes are pairs of a's and b's.

        Raises BadData for a label that is not there, and names those that are.
        """
        labels, class_names = {}, {}
        for label in wanted:
            parts = label.split("+")
            self._check(parts)
            known = np.all([self.labels[part] >= 0 for part in parts], axis=0)
            pairs = [self.class_names_of(part) for part in parts]
            joined = [" + ".join(each) if here else "" for *each, here in zip(*pairs, known, strict=True)]
            labels[label], class_names[label] = encode_labels(joined)
        return replace(self, labels=labels, class_names=class_names)

    def labelled_by(self, label: str, cells: Sequence[str]) -> "ImageSet":
        """Return the same images with one label: a class name for each, or ""."""
        classes, class_names = encode_labels(cells)
        return replace(self, labels={label: classes}, class_names={label: class_names})

    def class_names_of(self, label: str) -> list[str]:
        """Return each image's class name, "" where it has none."""
        return [self.class_names[label][number] if number >= 0 else "" for number in self.labels[label]]

    def find(self, label: str, value: str) -> np.ndarray:
        """Return (M,) indices of the images whose label has this value. Raises BadData if there are none."""
        self._check([label])
        if value not in self.class_names[label]:
            raise BadData(f"no picture has {label}={value}; there are: {', '.join(self.class_names[label])}")
        return np.flatnonzero(self.labels[label] == self.class_names[label].index(value))

    def _check(self, labels: Sequence[str]) -> None:
        if unknown := [label for label in labels if label not in self.labels]:
            raise BadData(f"there is no label {unknown[0]!r} to measure by; there are: {', '.join(self.labels)}")

    def decode(self, size: tuple[int, int], progress: bool = False) -> tuple["ImageSet", ImageArray]:
        """Decode the images; return those that can be read, and their pixels.

        The rest is reported on stderr and counted. Raises BadData if none can be read.
        """
        pixels = np.empty((len(self.sources), *size, 3), dtype=np.uint8)
        readable: list[int] = []
        for index, decoded in enumerate(decode_each(self.sources, size, progress)):
            if isinstance(decoded, UnreadableImage):
                print(f"passed over: {decoded}", file=sys.stderr)
            else:
                pixels[len(readable)] = decoded
                readable.append(index)
        if not readable:
            raise BadData("none of the pictures can be read")
        unreadable = len(self.names) - len(readable)
        return replace(self.select(readable), failed=self.failed + unreadable), ImageArray(pixels[: len(readable)])

    def select(self, indices: Sequence[int]) -> "ImageSet":
        """Return some of the images, with their labels."""
        return replace(
            self,
            names=[self.names[i] for i in indices],
            sources=[self.sources[i] for i in indices],
            labels={column: classes[list(indices)] for column, classes in self.labels.items()},
        )


def read_image_set(path: Path) -> ImageSet:
    """Read the images of a zip, a folder or a CSV, and their labels.

    Known layouts: styles.csv + images/ID.jpg; UT-Zappos50K's Category/SubCategory/Brand/CID.jpg; CLASS/NAME.jpg, also
    below train/, validation/ and test/; a CSV with a column `image`. Each may lie in one folder more.
    Raises BadData if there is no image.
    """
    files = Files(path)
    table = _find_table(files)
    images = _from_table(files, table) if table else _from_folders(files)
    if not images.sources:
        raise BadData(f"{path}: there are no pictures in it")
    return images


def _find_table(files: Files) -> Table | None:
    """Read styles.csv, or else the first CSV that names images."""
    styles = files.find("styles.csv")
    if styles:
        table = files.read_table(styles)
        if missing := {"id"} - set(table.columns):
            raise BadData(f"{files.path}: {styles} lacks the column {', '.join(missing)}")
        return table
    tables = (files.read_table(name) for name in files.by_name if name.endswith(".csv"))
    return next((table for table in tables if "image" in table.columns), None)


def _from_table(files: Files, table: Table) -> ImageSet:
    root = PurePosixPath(table.name).parent
    if "image" in table.columns:
        rows = {(root / row["image"]).as_posix(): row for row in table.rows}
    else:
        by_id = {row["id"]: row for row in table.rows}
        rows = {name: by_id.get(PurePosixPath(name).stem, {}) for name in files.images}
    missing = [name for name in rows if name not in files.by_name]
    for name in missing:
        print(f"passed over: {name}: named in {table.name}, but not there", file=sys.stderr)
    names = [name for name in rows if name in files.by_name]
    columns = [column for column in table.columns if column.lower() not in NO_LABELS]
    values = {column: [rows[name].get(column, "") for name in names] for column in columns}
    return ImageSet(names, [files.by_name[name] for name in names], *select_labels(values), failed=len(missing))


def _from_folders(files: Files) -> ImageSet:
    names = files.images
    folders = [PurePosixPath(name).parent.parts for name in names]
    depth = Counter(map(len, folders)).most_common(1)[0][0] if folders else 0
    inside = any(SPLITS & set(parts[:2]) for parts in folders)
    if depth >= 3 and not inside:
        values = {
            "category": [parts[-3] if len(parts) >= 3 else "" for parts in folders],
            "subcategory": [parts[-2] if len(parts) >= 3 else "" for parts in folders],
        }
    else:
        values = {"class": [parts[-1] if parts else "" for parts in folders]}
    return ImageSet(names, [files.by_name[name] for name in names], *select_labels(values))


def select_labels(values: dict[str, list[str]]) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Encode columns as classes, without those that say nothing: one value, or nearly as many as there are rows.

    Returns classes and class names by column, as `encode_labels` does.
    """
    labels, class_names = {}, {}
    for column, cells in values.items():
        labelled = sum(1 for cell in cells if cell)
        if 2 <= len(set(cells) - {""}) <= labelled / 2:
            labels[column], class_names[column] = encode_labels(cells)
    return labels, class_names


def encode_labels(cells: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Encode values as classes from 0 in alphabetical order, "" as -1; return (N,) classes and the class names."""
    class_names = sorted(set(cells) - {""})
    numbers = {name: number for number, name in enumerate(class_names)} | {"": -1}
    return np.array([numbers[cell] for cell in cells], dtype=np.int64), class_names
