"""Dialects in which programs write tables: separators, quotes, encodings, line ends, compression."""

import csv
import gzip
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass

SUFFIXES = {",": "csv", ";": "csv", "\t": "tsv", "|": "txt"}


@dataclass(frozen=True)
class Dialect:
    separator: str = ","
    quotes_all: bool = False
    encoding: str = "utf-8"
    line_end: str = "\n"
    is_packed: bool = False
    names_separator: bool = False  # in a first line sep=

    @property
    def file_name(self) -> str:
        return f"export.{SUFFIXES[self.separator]}" + ".gz" * self.is_packed

    @property
    def is_narrow(self) -> bool:
        return self.encoding == "cp1252"

    def write(self, rows: Sequence[Sequence[str]]) -> bytes:
        """Return the file of these rows."""
        text = io.StringIO()
        quoting = csv.QUOTE_ALL if self.quotes_all else csv.QUOTE_MINIMAL
        csv.writer(text, delimiter=self.separator, quoting=quoting, lineterminator=self.line_end).writerows(rows)
        return self.encode(text.getvalue())

    def encode(self, text: str) -> bytes:
        start = f"sep={self.separator}{self.line_end}" if self.names_separator else ""
        mark = "\ufeff" if self.encoding in ("utf-16-le", "utf-16-be") else ""
        data = f"{mark}{start}{text}".encode(self.encoding)
        return gzip.compress(data, 1, mtime=0) if self.is_packed else data


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252")


def draw_dialect(generator: random.Random) -> Dialect:
    """Draw a dialect."""
    return Dialect(
        separator=generator.choice(list(SUFFIXES)),
        quotes_all=generator.random() < 0.4,
        encoding=generator.choice(ENCODINGS),
        line_end=generator.choice(["\n", "\r\n", "\r"]),
        is_packed=generator.random() < 0.2,
        names_separator=generator.random() < 0.2,
    )
