"""Splits written to files: `python -m ml split`, for other programs to be measured by the same parts."""

import csv
from pathlib import Path

from ml.benchmark.recommend import split_or_raise
from ml.data.conversion import ensure_converted
from ml.data.interaction_files import read_interaction_file


def write_split(data: Path, out: Path, positive: float | None = None, moment: float | None = None) -> str:
    """Write the parts that `compare recommend` would use: user, item, timestamp[, value], split. Returns the counts.

    The file is an interactions.csv whose column split `compare recommend` follows. Raises BadData.
    """
    file = read_interaction_file(ensure_converted(data) if data.suffix == ".npy" else data, positive)
    split = split_or_raise(data, file, moment)
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
