"""What a product says of itself that shoppers may have a taste for."""

from collections.abc import Mapping


def labels_of(title: str, category: str, attributes: Mapping[str, object]) -> dict[str, str]:
    """Label -> value. Where nobody names the brand it is the title's first word, as in "Puma Men Blue T-shirt"."""
    brand = title.split()[0] if title.split() else ""
    return {"category": category, "brand": brand} | {name: str(value) for name, value in attributes.items()}
