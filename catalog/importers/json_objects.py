"""Values of nested JSON as the interfaces of shops have them: lists of objects, edges of GraphQL, names of objects."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from catalog.importers.json_file import list_in

Product: TypeAlias = Mapping[str, object]


def objects_in(value: object, field: str = "") -> list[Product]:
    """Return the objects of a list, or the nodes of GraphQL's edges. field: what a text in place of an object is."""
    found: Iterable[object] = list_in(value) if isinstance(value, dict) else value if isinstance(value, list) else ()
    named = [{field: element} if field and isinstance(element, str) else element for element in found]
    return [element for element in named if isinstance(element, dict) and element]


def first_of(product: Product, *names: str) -> object:
    """Return the first of these values that is neither missing nor empty; else None."""
    return next((value for name in names if (value := product.get(name)) not in (None, "")), None)


def names_of(value: object, field: str = "name") -> list[str]:
    """Return the names of the objects of a list, or the texts of one of texts."""
    return [str(name) for element in objects_in(value, field) if (name := element.get(field)) not in (None, "")]
