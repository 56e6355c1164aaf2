"""Texts of products as models read them: titles, categories and attributes. Workers only."""

from collections.abc import Sequence

from catalog.models import Product


def texts_of(products: Sequence[int]) -> list[str]:
    """Return the texts of these products, by id, in their order; "" of one that has gone."""
    rows = Product.objects.filter(pk__in=products).values_list("pk", "title", "category__name", "attributes")
    known = {pk: text_of(title, category, attributes) for pk, title, category, attributes in rows}
    return [known.get(product, "") for product in products]


def text_of(title: str, category: str, attributes: dict[str, str]) -> str:
    """Join a product's title, category and values of attributes, in one order whatever that of the attributes is."""
    values = (str(value) for _, value in sorted(attributes.items()))
    return " ".join(part for part in (title, category, *values) if part)
