"""Events as other programs write them: kinds, times, ids."""

import re
from datetime import UTC, datetime

from catalog.errors import BadRow
from catalog.models import Kind

KINDS = {
    Kind.VIEW: (
        "page view", "pageview", "view item", "view product", "product viewed", "viewed", "pv", "detail view", "visit",
    ),
    Kind.CLICK: ("clicked", "select item", "product clicked"),
    Kind.LIKE: (
        "favorite", "favourite", "fav", "wishlist", "add to wishlist", "wish list", "saved", "liked", "bookmark",
    ),
    Kind.CART: ("add to cart", "addtocart", "basket", "add to basket", "product added", "added to cart"),
    Kind.PURCHASE: (
        "buy", "bought", "order", "ordered", "transaction", "purchased", "sale", "order completed",
    ),
    Kind.DISLIKE: ("disliked", "not interested"),
}  # fmt: skip
YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
BY_NAME = {name: kind for kind, names in KINDS.items() for name in (kind.value, *names)}

NUMBER = re.compile(r"-?\d+(\.\d+)?")
DAY = re.compile(r"(19|20)\d{6}")
MOMENT = re.compile(r"(19|20)\d{12}")
ROUNDED = re.compile(r"-?\d+(\.\d+)?e\+?\d+", re.IGNORECASE)
DIGITS = 10  # of unix seconds, from 2001 to 2286
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # of unix time; what is before is no time but a mark for none, such as -1


def read_kind(text: str) -> Kind:
    """Return the kind of an interaction. Raises BadRow with the kinds that there are."""
    kind = BY_NAME.get(" ".join(re.sub(r"[\W_]+", " ", text.lower()).split()))
    if kind is None:
        raise BadRow(f"kind: {text!r} is none of {', '.join(Kind.values)}")
    return kind


def read_time(text: str) -> datetime:
    """Return the moment: ISO 8601, in UTC where it names no zone, or unix time, in seconds or a thousandth or less.

    Raises BadRow for any other text, and for a moment before EARLIEST.
    """
    try:
        found = parse(text)
    except (ValueError, OverflowError):
        if ROUNDED.fullmatch(text):
            hint = "a spreadsheet has rounded it: format its column as a number without decimals"
        else:
            hint = "write 2023-11-14T22:13:20Z"
        raise BadRow(f"timestamp: {text!r} is neither ISO 8601 nor unix seconds or milliseconds; {hint}") from None
    if found < EARLIEST:
        raise BadRow(f"timestamp: {text!r} is {found:%Y-%m-%d}, before {EARLIEST:%Y}")
    return found


def parse(text: str) -> datetime:
    """Return the moment. Raises ValueError and OverflowError."""
    if DAY.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    if MOMENT.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if NUMBER.fullmatch(text):
        digits = len(text.lstrip("-").partition(".")[0])
        return datetime.fromtimestamp(float(text) / (1000 ** max(0, -(-(digits - DIGITS) // 3))), UTC)
    parsed = datetime.fromisoformat(re.sub(r"\s*(\+0000)?\s*(UTC|GMT)$", "+00:00", text, flags=re.IGNORECASE))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def read_user(text: str) -> str:
    """Return the shop's id of a shopper. Raises BadRow for a number with a decimal point, as of pandas, or rounded."""
    if re.fullmatch(r"\d+\.0", text):
        raise BadRow(
            f"user: {text} is a number that a program has given a decimal point, and another shopper than"
            f" {text.removesuffix('.0')}: write the column as text or as whole numbers"
        )
    if ROUNDED.fullmatch(text):
        raise BadRow(
            f"user: {text} is a number that a program has rounded: write the column as text or as whole numbers"
        )
    return text


def read_verified(text: str) -> bool:
    """Return whether somebody vouches for a guest's event; so does, by default, who imports it. Raises BadRow."""
    if text and text.lower() not in YES_OR_NO:
        raise BadRow(f"is_verified: {text!r} is neither yes nor no")
    return YES_OR_NO[text.lower()] if text else True
