"""Splits written to files: `python -m ml split`, for other programs to be measured by the same parts."""

import csv
from pathlib import Path

from ml.benchmark.compare import Options
from ml.benchmark.recommend import split_or_raise
from ml.data.conversion import ensure_converted
from ml.data.interaction_files import read_interaction_file
from ml.data.times import parse_seconds
from ml.errors import BadSetting


def parse_split(text: str | None) -> dict[str, float]:
    """Return the options of a comparison that a split stands for: time:DATE or items:SHARE; none for None.

    Raises BadSetting.
    """
    kind, _, value = (text or "").partition(":")
    try:
        if kind == "time" and value:
            return {"moment": parse_seconds(value)}
        if kind == "items" and value:
            return {"share": parse_share(value)}
    except ValueError as error:
        example = "a day such as 2026-03-01" if kind == "time" else "a share such as 0.1"
        raise BadSetting(f"--split {text}: {error}; {example} is taken") from error
    if text is not None:
        raise BadSetting(f"--split {text!r} is not of the form time:DATE or items:SHARE")
    return {}


def parse_share(text: str) -> float:
    """Return a number between 0 and 1. Raises ValueError."""
    share = float(text)
    if not 0 < share < 1:
        raise ValueError(f"{text} is not between 0 and 1")
    return share


def write_split(data: Path, out: Path, options: Options) -> str:
    """Write the parts that `compare recommend` would use: user, item, timestamp[, value], split. Returns the counts.

    The file is an interactions.csv whose column split `compare recommend` follows. Raises BadData.
    """
    file = read_interaction_file(ensure_converted(data) if data.suffix == ".npy" else data, options.positive)
    split = split_or_raise(data, file, options)
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    with out.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["user", "item", "timestamp", *(["value"] if split.train.values is not None else []), "split"])
        for name, part in parts.items():
            values = [] if part.values is None else [part.values]
            for user, item, *numbers in zip(part.users, part.items, part.timestamps, *values, strict=True):
                writer.writerow([file.users[user], file.items[item], *(repr(float(n)) for n in numbers), name])
    counts = ", ".join(f"{len(part):,} {name}" for name, part in parts.items())
    return f"{out}: {counts}; {split.train.n_users:,} users, {split.train.n_items:,} items"
