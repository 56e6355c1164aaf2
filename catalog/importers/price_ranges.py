"""Prices of products whose variants differ: 10–20, from $12, ab 12,00 €. The lowest is taken."""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from catalog.errors import BadRow
from catalog.importers.values import NUMBER, REPEATED, read_price

# What stands before the lowest price, in the languages of shops.
FROM = re.compile(
    r"(from|starting (at|from)|starts at|as low as|at least|min\.?|ab|à partir de|a partir de|a partire da|dès|desde|"
    r"da|vanaf|od|от|från|fra|fr\.o\.m\.?|alkaen|από)(?![a-zà-ÿ])[\s:]*(?=\S)",
    re.IGNORECASE,
)
OPEN = re.compile(r"\s*([+~〜]|から|起|and up|und mehr|и выше)$", re.IGNORECASE)  # behind it
BETWEEN = re.compile(r"\s*(?:[-–—−~〜]|\.\.\.|…)\s*|\s+(?:to|till|bis|à|a|al|tot|do|до|till|til)\s+", re.IGNORECASE)


@lru_cache(REPEATED)
def read_lowest_price(text: str, known: str = "", own: str = "") -> tuple[str, str | None, bool]:
    """Return a price as `read_price` does, and whether it is the lowest of a range. Raises BadRow."""
    plain = unicodedata.normalize("NFKC", text).strip()
    start = OPEN.sub("", FROM.sub("", plain, count=1) if FROM.match(plain) else plain)
    ends = ends_of(start)
    if not ends and start == plain:
        return (*read_price(text, known, own), False)
    try:
        if not ends:
            return (*read_price(start, known, own), True)
        prices = [read_price(end, known, own) for end in ends]
    except BadRow as error:
        raise BadRow(f"price: {text!r} is a range, but {str(error).partition(': ')[2]}") from None
    currencies = {currency for _, currency in prices}
    if len(currencies) > 1:
        raise BadRow(f"price: {text!r} is a range in two currencies; write the lowest price alone")
    return min((price for price, _ in prices), key=Decimal), prices[0][1], True


def ends_of(text: str) -> list[str]:
    """Return the texts of the two prices of a range, each with the currency beside it; none if it is no range."""
    parts = BETWEEN.split(text)
    if [len(NUMBER.findall(part)) for part in parts] != [1, 1]:
        return []
    first, second = ((part, NUMBER.sub(" ", part).strip()) for part in parts)
    return [f"{first[0]} {first[1] and '' or second[1]}", f"{second[0]} {second[1] and '' or first[1]}"]
