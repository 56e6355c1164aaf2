"""Pictures with labels, and pictures with those who took them, from the layouts that are common."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from ml.data.archives import Files, Table
from ml.data.decoding import Source
from ml.data.images import ImageArray, decode_each
from ml.errors import BadData, UnreadableImage

SPLITS = {"train", "validation", "val", "test"}
NO_LABELS = {"id", "sku", "image", "title", "price", "productdisplayname", "name", "description", "url"}


@dataclass(frozen=True)
class ImageSet:
    names: Sequence[str]
    sources: Sequence[Source]
    labels: dict[str, np.ndarray]  # by column: (N,) classes from 0, -1 where there is none
    words: dict[str, list[str]]  # by column: what each class is called
    failed: int = 0  # pictures that could not be read and were passed over

    def with_labels(self, wanted: Sequence[str]) -> "ImageSet":
        """The same pictures with these labels alone. "a+b" is the label that agrees where both a and b do.

        Raises BadData for a label that is not there, and names those that are.
        """
        labels, words = {}, {}
        for label in wanted:
            parts = label.split("+")
            self._check(parts)
            known = np.all([self.labels[part] >= 0 for part in parts], axis=0)
            pairs = [self.words_of(part) for part in parts]
            joined = [" + ".join(each) if here else "" for *each, here in zip(*pairs, known, strict=True)]
            labels[label], words[label] = encode_labels(joined)
        return replace(self, labels=labels, words=words)

    def labelled_by(self, label: str, cells: Sequence[str]) -> "ImageSet":
        """The same pictures with one label: a word for each, or ""."""
        classes, words = encode_labels(cells)
        return replace(self, labels={label: classes}, words={label: words})

    def words_of(self, label: str) -> list[str]:
        """For each picture what the label says of it, "" where nothing."""
        return [self.words[label][number] if number >= 0 else "" for number in self.labels[label]]

    def where(self, label: str, value: str) -> np.ndarray:
        """(M,) indices of the pictures whose label has this value. Raises BadData if there are none."""
        self._check([label])
        if value not in self.words[label]:
            raise BadData(f"no picture has {label}={value}; there are: {', '.join(self.words[label])}")
        return np.flatnonzero(self.labels[label] == self.words[label].index(value))

    def _check(self, labels: Sequence[str]) -> None:
        if unknown := [label for label in labels if label not in self.labels]:
            raise BadData(f"there is no label {unknown[0]!r} to measure by; there are: {', '.join(self.labels)}")

    def decode(self, size: tuple[int, int], progress: bool = False) -> tuple["ImageSet", ImageArray]:
        """What can be read of them, and its pixels; the rest is reported on stderr and counted."""
        pixels = np.empty((len(self.sources), *size, 3), dtype=np.uint8)
        kept = []
        for index, decoded in enumerate(decode_each(self.sources, size, progress)):
            if isinstance(decoded, UnreadableImage):
                print(f"passed over: {decoded}", file=sys.stderr)
            else:
                pixels[len(kept)] = decoded
                kept.append(index)
        if not kept:
            raise BadData("none of the pictures can be read")
        return self._select(kept), ImageArray(pixels[: len(kept)])

    def _select(self, kept: Sequence[int]) -> "ImageSet":
        return replace(
            self,
            names=[self.names[i] for i in kept],
            sources=[self.sources[i] for i in kept],
            labels={column: classes[list(kept)] for column, classes in self.labels.items()},
            failed=self.failed + len(self.names) - len(kept),
        )


def read_image_set(path: Path) -> ImageSet:
    """The pictures of a zip, a folder or a CSV, and their labels.

    Known layouts: styles.csv + images/ID.jpg; UT-Zappos50K's Category/SubCategory/Brand/CID.jpg; CLASS/NAME.jpg, also
    below train/, validation/ and test/; a CSV with a column `image`. Each may lie in one folder more.
    Raises BadData if there is no picture.
    """
    files = Files(path)
    table = _table(files)
    photos = _from_table(files, table) if table else _from_folders(files)
    if not photos.sources:
        raise BadData(f"{path}: there are no pictures in it")
    return photos


def _table(files: Files) -> Table | None:
    """styles.csv, or else the first CSV that names pictures."""
    styles = files.named("styles.csv")
    if styles:
        table = files.table(styles)
        if missing := {"id"} - set(table.columns):
            raise BadData(f"{files.path}: {styles} lacks the column {', '.join(missing)}")
        return table
    tables = (files.table(name) for name in files.by_name if name.endswith(".csv"))
    return next((table for table in tables if "image" in table.columns), None)


def _from_table(files: Files, table: Table) -> ImageSet:
    root = PurePosixPath(table.name).parent
    if "image" in table.columns:
        pictures = {(root / row["image"]).as_posix(): row for row in table.rows}
    else:
        by_id = {row["id"]: row for row in table.rows}
        pictures = {name: by_id.get(PurePosixPath(name).stem, {}) for name in files.pictures}
    missing = [name for name in pictures if name not in files.by_name]
    for name in missing:
        print(f"passed over: {name}: named in {table.name}, but not there", file=sys.stderr)
    names = [name for name in pictures if name in files.by_name]
    columns = [column for column in table.columns if column.lower() not in NO_LABELS]
    values = {column: [pictures[name].get(column, "") for name in names] for column in columns}
    return ImageSet(names, [files.by_name[name] for name in names], *select_labels(values), failed=len(missing))


def _from_folders(files: Files) -> ImageSet:
    names = files.pictures
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
    """Columns to classes and their words, without those that tell nothing: one value, or nearly as many as rows."""
    labels, words = {}, {}
    for column, cells in values.items():
        labelled = sum(1 for cell in cells if cell)
        if 2 <= len(set(cells) - {""}) <= labelled / 2:
            labels[column], words[column] = encode_labels(cells)
    return labels, words


def encode_labels(cells: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Words to classes from 0 in the order of the alphabet, "" to -1; and the words."""
    known = sorted(set(cells) - {""})
    numbers = {word: number for number, word in enumerate(known)} | {"": -1}
    return np.array([numbers[cell] for cell in cells], dtype=np.int64), known
