"""Labels of products that simulated shoppers may have a taste for."""

from collections.abc import Mapping


def build_labels(title: str, category: str, attributes: Mapping[str, object]) -> dict[str, str]:
    """Return label -> value. The brand is the title's first word if no attribute has it: "Puma Men Blue T-shirt"."""
    brand = title.split()[0] if title.split() else ""
    return {"category": category, "brand": brand} | {name: str(value) for name, value in attributes.items()}
