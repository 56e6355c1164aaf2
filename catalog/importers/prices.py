import hashlib
from decimal import Decimal


def made_up_price(category: str, sku: str) -> str:
    """A price for a product whose source has none: the same every time, and near those of its category."""
    level = 15 + 105 * share(category)  # what the category costs on average
    return str(Decimal(int(level * (0.6 + 0.8 * share(sku)))) + Decimal("0.95"))


def share(text: str) -> float:
    """A number in [0, 1) out of a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32
