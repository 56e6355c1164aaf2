"""Interactions from a CSV, with the pictures of the items."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np

from ml.data.archives import Files, Table
from ml.data.datasets import encode_labels
from ml.data.decoding import Source
from ml.data.images import ImageArray, decode_each
from ml.data.interactions import Interactions, Split
from ml.errors import BadData, UnreadableImage

PARTS = {"train": 0, "validation": 1, "val": 1, "test": 2}
REFUSALS = {"dislike"}  # kinds, where a shop's export has them, that say the opposite of having taken something


@dataclass(frozen=True)
class InteractionFile:
    users: Sequence[str]  # the keys of user 0, 1, ...
    items: Sequence[str]
    sources: Sequence[Source] | None  # a picture an item; None if there are none at all
    interactions: Interactions
    categories: np.ndarray | None = None  # (n_items,) classes from 0, -1 where none; None if no table tells
    parts: np.ndarray | None = None  # (N,) numbers of PARTS, where whoever published it has divided it
    failed: int = 0  # rows and pictures passed over
    category_names: Sequence[str] = ()  # of class 0, 1, ...

    def split(self) -> Split:
        """As it was published, or else by time. Raises BadData unless one item of some users is held out."""
        if self.parts is None:
            split = self.interactions.leave_one_out()
            nothing = "no user has three items, so that none can be held out"
        else:
            split = self.interactions.divided(self.parts)
            nothing = "there is no row whose split is test"
        if not len(split.test):
            raise BadData(nothing)
        for part in (split.validation, split.test):
            counts = np.bincount(part.users)
            if counts.max(initial=0) > 1:
                user = self.users[counts.argmax()]
                raise BadData(f"user {user} has {counts.max()} items held out where one is asked for")
        return split

    def decode(self, size: tuple[int, int], progress: bool = False) -> tuple["InteractionFile", ImageArray]:
        """What has a picture that can be read, and the pixels; the rest is reported on stderr and counted."""
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

    def _select(self, kept: np.ndarray) -> "InteractionFile":
        rows = kept[self.interactions.items]
        places = np.cumsum(kept) - 1
        taken = self.interactions.select(rows)
        return replace(
            self,
            items=[item for item, keep in zip(self.items, kept, strict=True) if keep],
            sources=[source for source, keep in zip(self.sources, kept, strict=True) if keep],
            interactions=replace(taken, items=places[taken.items], n_items=int(kept.sum())),
            categories=None if self.categories is None else self.categories[kept],
            parts=None if self.parts is None else self.parts[rows],
            failed=self.failed + int((~kept).sum()),
        )


def read_interaction_file(path: Path) -> InteractionFile:
    """interactions.csv (user, item or sku, timestamp[, value, split]) and images/ITEM.jpg in a folder or a zip.

    items.csv or products.csv (item or sku, category), if it is there, says of what category each item is. Items are
    those with a picture, taken or not; where there are no pictures, those that were taken. A timestamp is a number or
    ISO 8601. Raises BadData with the file and the reason; a bad row is reported on stderr and passed over.
    """
    files = Files(path)
    name = files.named("interactions.csv")
    if name is None:
        raise BadData(f"{path}: there is no interactions.csv in it")
    table = files.table(name)
    item_column = _item_column(table)
    if missing := {"user", item_column, "timestamp"} - set(table.columns):
        raise BadData(f"{path}: {name} lacks the column {', '.join(sorted(missing))}")
    pictures = {PurePosixPath(picture).stem: files.by_name[picture] for picture in files.pictures}
    divided = "split" in table.columns
    taken: list[tuple[str, str, float, float, int]] = []
    failed = 0
    for line, row in zip(table.lines, table.rows, strict=True):
        if row.get("kind") in REFUSALS:
            continue
        try:
            taken.append(_parsed(row, item_column, pictures, divided))
        except ValueError as error:
            print(f"passed over: {name}, line {line}: {error}", file=sys.stderr)
            failed += 1
    if not taken:
        raise BadData(f"{path}: {name} has no row that can be used")
    users = sorted({user for user, *_ in taken})
    items = sorted(pictures or {item for _, item, *_ in taken})
    user_numbers, item_numbers = ({key: n for n, key in enumerate(keys)} for keys in (users, items))
    interactions = Interactions(
        users=np.array([user_numbers[user] for user, *_ in taken]),
        items=np.array([item_numbers[item] for _, item, *_ in taken]),
        timestamps=np.array([when for *_, when, _, _ in taken]),
        n_users=len(users),
        n_items=len(items),
        values=np.array([value for *_, value, _ in taken]) if "value" in table.columns else None,
    )
    sources = [pictures[item] for item in items] if pictures else None
    parts = np.array([part for *_, part in taken]) if divided else None
    categories, names = _categories(files, items)
    return InteractionFile(users, items, sources, interactions, categories, parts, failed, names)


def _item_column(table: Table) -> str:
    """ "item", which is also what a table lacks that has neither, or as a shop's export calls it."""
    return "sku" if "sku" in table.columns and "item" not in table.columns else "item"


def _categories(files: Files, items: Sequence[str]) -> tuple[np.ndarray | None, Sequence[str]]:
    name = files.named("items.csv") or files.named("products.csv")
    if name is None or "category" not in (table := files.table(name)).columns:
        return None, ()
    item_column = _item_column(table)
    if item_column not in table.columns:
        raise BadData(f"{files.path}: {name} lacks the column item")
    named = {row[item_column]: row["category"] for row in table.rows}
    return encode_labels([named.get(item, "") for item in items])


def _parsed(
    row: dict[str, str], item_column: str, pictures: dict[str, Source], divided: bool
) -> tuple[str, str, float, float, int]:
    user, item = row["user"], row[item_column]
    if not user or not item:
        raise ValueError("no user or no item")
    if pictures and item not in pictures:
        raise ValueError(f"item {item} has no picture")
    part = row["split"] if divided else "train"
    if part not in PARTS:
        raise ValueError(f"split {part!r}; it takes one of: {', '.join(PARTS)}")
    return user, item, _seconds(row["timestamp"]), float(row.get("value") or 1), PARTS[part]


def _seconds(timestamp: str) -> float:
    try:
        return float(timestamp)
    except ValueError:
        moment = datetime.fromisoformat(timestamp)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
