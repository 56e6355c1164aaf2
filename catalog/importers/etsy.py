"""Listings of Etsy, as its shop manager exports them (Listings.csv), as rows of products."""

from collections.abc import Iterator, Mapping

from django.utils.text import slugify

from catalog.importers.layouts import by_plain_name
from catalog.importers.values import without_nothing

MARKS = frozenset({"title", "currency code", "image1", "variation 1 name"})
NOTE = (
    "it has no categories: all are in Unsorted, unless a column such as tags is chosen for them; a listing without SKU "
    "has one that is made of its title"
)
LONGEST = 80  # characters of a SKU that is made of a title
CATEGORY = "Unsorted"


def rows_of(listing: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the row of a listing, whose variants have their SKUs and options in one cell each."""
    named = by_plain_name(listing)

    def value(name: str) -> str:
        text = str(listing.get(named.get(name, "")) or "").strip()
        return text if name == "title" else without_nothing(text)

    skus = values_of(value("sku"))
    images = [text for number in range(1, 11) if (text := value(f"image{number}"))]
    variations = {value(f"variation {number} name"): value(f"variation {number} values") for number in (1, 2, 3)}
    yield {
        "sku": skus[0] if skus else sku_of_title(value("title")),
        "title": value("title"),
        "category": CATEGORY,
        "price": value("price"),
        "currency": value("currency code"),
        "image": ", ".join(images),
        "in_stock": value("quantity"),
        "description": value("description"),
        "tags": ", ".join(values_of(value("tags"))).replace("_", " "),
        "materials": ", ".join(values_of(value("materials"))).replace("_", " "),
        "Variant SKU": ", ".join(skus[1:]),
        **{name: ", ".join(values_of(text)) for name, text in variations.items() if name},
    }


def sku_of_title(title: str) -> str:
    """Return the SKU of a listing that has none."""
    return slugify(title, allow_unicode=True)[:LONGEST].strip("-")


def values_of(text: str) -> list[str]:
    """Return the different texts of a cell, which have commas between."""
    return list(dict.fromkeys(part for each in text.split(",") if (part := each.strip())))
