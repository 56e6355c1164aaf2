"""Interactions from a CSV, with the images of the items."""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from ml.data.archives import Files, Table
from ml.data.datasets import encode_labels
from ml.data.decoding import StoredImage
from ml.data.images import ImageArray, decode_each
from ml.data.interactions import Interactions, Split
from ml.data.times import parse_seconds
from ml.errors import BadData, UnreadableImage

PARTS = {"train": 0, "validation": 1, "val": 1, "test": 2}
NO_WORDS = {"item", "sku", "id", "image", "images", "image_url", "url", "price", "currency", "in_stock", "stock"}
NEGATIVE = {"dislike"}  # kinds of a shop's export that are no positive interactions


@dataclass(frozen=True)
class InteractionFile:
    """Interactions as they were read, with the items' images, which are not yet decoded."""

    users: Sequence[str]  # keys of user 0, 1, ...
    items: Sequence[str]
    sources: Sequence[StoredImage] | None  # an image for each item; None if there are no images
    interactions: Interactions
    categories: np.ndarray | None = None  # (n_items,) classes from 0, -1 where none; None without a table of items
    parts: np.ndarray | None = None  # (N,) values of PARTS, where the file has a column split
    failed: int = 0  # rows and images that were left out
    category_names: Sequence[str] = ()  # of class 0, 1, ...
    texts: Sequence[str] | None = None  # of each item, "" where none; None without a table of items

    def split(self, moment: float | None = None, share: float | None = None) -> Split:
        """Split at a moment in seconds or off a share of the items, or as published, or by each user's last two items.

        Raises BadData unless one item of some users is held out.
        """
        if moment is not None:
            split = self.interactions.split_at(moment)
            nothing = "no user has taken one item before that time and a new one after it"
        elif share is not None:
            split = self.interactions.split_off_items(share)
            nothing = "no user has taken one of the items that are held out and another one"
        elif self.parts is None:
            split = self.interactions.leave_one_out()
            nothing = "no user has three items, so that none can be held out"
        else:
            split = self.interactions.split_by(self.parts)
            nothing = "there is no row whose split is test"
        if not len(split.test):
            raise BadData(nothing)
        for part in (split.validation, split.test):
            counts = np.bincount(part.users)
            if counts.max(initial=0) > 1:
                user = self.users[int(counts.argmax())]
                raise BadData(f"user {user} has {counts.max()} items held out; there must be one")
        return split

    def decode(self, size: tuple[int, int], progress: bool = False) -> tuple["InteractionFile", ImageArray]:
        """Decode the images; return the interactions with items whose image can be read, and the pixels.

        The rest is reported on stderr and counted. Raises BadData if there are no images.
        """
        if self.sources is None:
            raise BadData("there are no pictures of the items: images/ITEM.jpg")
        pixels = np.empty((len(self.sources), *size, 3), dtype=np.uint8)
        readable = np.zeros(len(self.sources), dtype=bool)
        for index, decoded in enumerate(decode_each(self.sources, size, progress)):
            if isinstance(decoded, UnreadableImage):
                print(f"passed over: {decoded}", file=sys.stderr)
            else:
                pixels[readable.sum()] = decoded
                readable[index] = True
        return self._select(readable), ImageArray(pixels[: readable.sum()])

    def _select(self, readable: np.ndarray) -> "InteractionFile":
        assert self.sources is not None  # decode has checked it
        rows = readable[self.interactions.items]
        new_indices = np.cumsum(readable) - 1
        taken = self.interactions.select(rows)
        return replace(
            self,
            items=[item for item, keep in zip(self.items, readable, strict=True) if keep],
            sources=[source for source, keep in zip(self.sources, readable, strict=True) if keep],
            interactions=replace(taken, items=new_indices[taken.items], n_items=int(readable.sum())),
            categories=None if self.categories is None else self.categories[readable],
            texts=self.texts and [text for text, keep in zip(self.texts, readable, strict=True) if keep],
            parts=None if self.parts is None else self.parts[rows],
            failed=self.failed + int((~readable).sum()),
        )


def read_interaction_file(path: Path, positive: float | None = None) -> InteractionFile:
    """Read interactions.csv (user, item or sku, timestamp[, value, split]) and images/ITEM.jpg of a folder or a zip.

    items.csv or products.csv (item or sku, category, title and others), if it is there, gives the items' categories and
    texts. Items are those
    with an image, with or without interactions; where there are no images, those with interactions. A timestamp is a
    number or ISO 8601. positive: rows of a smaller value, such as a low rating, are passed over. Raises BadData with
    the file and the reason; a bad row is reported on stderr and left out.
    """
    files = Files(path)
    name = files.find("interactions.csv")
    if name is None:
        raise BadData(f"{path}: there is no interactions.csv in it")
    table = files.read_table(name)
    item_column = _item_column(table)
    if missing := {"user", item_column, "timestamp"} - set(table.columns):
        raise BadData(f"{path}: {name} lacks the column {', '.join(sorted(missing))}")
    if positive is not None and "value" not in table.columns:
        raise BadData(f"{path}: {name} has no column value, so that none of {positive:g} or more can be chosen")
    images: dict[str, StoredImage] = {PurePosixPath(image).stem: files.by_name[image] for image in files.images}
    has_split = "split" in table.columns
    taken: list[tuple[str, str, float, float, int]] = []
    failed = 0
    for line, row in zip(table.lines, table.rows, strict=True):
        if row.get("kind") in NEGATIVE:
            continue
        try:
            found = _parse(row, item_column, images, has_split)
        except ValueError as error:
            print(f"passed over: {name}, line {line}: {error}", file=sys.stderr)
            failed += 1
        else:
            if positive is None or found[3] >= positive:
                taken.append(found)
    if not taken:
        raise BadData(f"{path}: {name} has no row that can be used")
    users = sorted({user for user, *_ in taken})
    items = sorted(images or {item for _, item, *_ in taken})
    user_numbers, item_numbers = ({key: n for n, key in enumerate(keys)} for keys in (users, items))
    interactions = Interactions(
        users=np.array([user_numbers[user] for user, *_ in taken]),
        items=np.array([item_numbers[item] for _, item, *_ in taken]),
        timestamps=np.array([when for *_, when, _, _ in taken]),
        n_users=len(users),
        n_items=len(items),
        values=np.array([value for *_, value, _ in taken]) if "value" in table.columns else None,
    )
    sources = [images[item] for item in items] if images else None
    parts = np.array([part for *_, part in taken]) if has_split else None
    categories, names = _read_categories(files, items)
    texts = _read_texts(files, items)
    return InteractionFile(users, items, sources, interactions, categories, parts, failed, names, texts)


def _item_column(table: Table) -> str:
    """Return "sku", as a shop's export calls it, if the table has that alone; else "item"."""
    return "sku" if "sku" in table.columns and "item" not in table.columns else "item"


def _read_texts(files: Files, items: Sequence[str]) -> list[str] | None:
    """Read what the table of items says of each in words: title, category and attributes."""
    name = files.find("items.csv") or files.find("products.csv")
    if name is None or (item_column := _item_column(table := files.read_table(name))) not in table.columns:
        return None
    columns = [column for column in table.columns if column.lower() not in NO_WORDS]
    if not columns:
        return None
    texts = {row[item_column]: " ".join(row[column] for column in columns if row.get(column)) for row in table.rows}
    return [texts.get(item, "") for item in items]


def _read_categories(files: Files, items: Sequence[str]) -> tuple[np.ndarray | None, Sequence[str]]:
    name = files.find("items.csv") or files.find("products.csv")
    if name is None or "category" not in (table := files.read_table(name)).columns:
        return None, ()
    item_column = _item_column(table)
    if item_column not in table.columns:
        raise BadData(f"{files.path}: {name} lacks the column item")
    named = {row[item_column]: row["category"] for row in table.rows}
    return encode_labels([named.get(item, "") for item in items])


def _parse(
    row: dict[str, str], item_column: str, images: Mapping[str, StoredImage], has_split: bool
) -> tuple[str, str, float, float, int]:
    """Return user, item, seconds, value and part of a row. Raises ValueError with what is wrong with it."""
    user, item = row["user"], row[item_column]
    if not user or not item:
        raise ValueError("no user or no item")
    if images and item not in images:
        raise ValueError(f"item {item} has no picture")
    part = row["split"] if has_split else "train"
    if part not in PARTS:
        raise ValueError(f"split {part!r}; it takes one of: {', '.join(PARTS)}")
    value = float(row.get("value") or 1)
    if not math.isfinite(value):
        raise ValueError(f"value {row['value']} is no number")
    return user, item, parse_seconds(row["timestamp"]), value, PARTS[part]
