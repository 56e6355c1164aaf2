"""Dates such as 01/31/2026: whether the day or the month comes first, told by those of a file that have one reading."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.errors import BadRow

SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?:,? (\d{1,2}:\d\d.*))?")
DAY, MONTH = "day", "month"
MONTHS = 12


@dataclass
class DateOrder:
    """Order of day and month in the dates of a file: what comes first, with the first date that shows it."""

    shown: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str]) -> "DateOrder":
        """Read the dates of a file."""
        found = cls()
        for text in texts:
            if date := SLASHED.fullmatch(text):
                first, second = int(date[1]), int(date[3])
                if first > MONTHS >= second:
                    found.shown.setdefault(DAY, text)
                elif second > MONTHS >= first:
                    found.shown.setdefault(MONTH, text)
        return found

    @property
    def note(self) -> str:
        """Return how the dates were read; empty if there are none of one order."""
        if len(self.shown) != 1:
            return ""
        [(first, text)] = self.shown.items()
        return f"dates have the {first} first, as {text} can be read in no other way"

    def iso(self, text: str) -> str:
        """Return a date with its time in ISO's order; what is none as it is. Raises BadRow for one of unknown order."""
        date = SLASHED.fullmatch(text)
        if not date:
            return text
        if len(self.shown) != 1:
            why = (
                f"{' and '.join(self.shown.values())} are of both orders" if self.shown else "no date of it tells which"
            )
            raise BadRow(
                f"timestamp: {text!r} may have the day or the month first, and in this file {why}: write 2026-01-31"
            )
        day, month = (date[1], date[3]) if DAY in self.shown else (date[3], date[1])
        return f"{date[4]}-{int(month):02}-{int(day):02} {date[5] or ''}".strip()
