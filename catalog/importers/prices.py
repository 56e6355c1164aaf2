import hashlib
from decimal import Decimal


def generate_price(category: str, sku: str) -> str:
    """Generate a price for a product whose source has none: the same every time, and near those of its category."""
    level = 15 + 105 * hash_to_unit(category)  # what the category costs on average
    return str(Decimal(int(level * (0.6 + 0.8 * hash_to_unit(sku)))) + Decimal("0.95"))


def hash_to_unit(text: str) -> float:
    """Hash a text to a number in [0, 1)."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32
