"""Objects within the objects of any JSON, such as schema.org's, as columns of their own."""

import re
from collections.abc import Iterator, Mapping, Sequence

from catalog.importers.json_objects import Product, objects_in
from catalog.importers.layouts import plain
from catalog.importers.values import AMOUNT_NAMES, LANGUAGE, OBJECT_NAMES
from catalog.variants import VARIANT_SKU

# Whose values are named by themselves, without the name of the object.
BAGS = re.compile(
    "(custom_|event_)?(attributes|attrs|properties|props|specifications|specs|details|fields|options|data)"
)
VARIANTS = re.compile("(product_?)?(variants|variations|skus)", re.IGNORECASE)
LINES = re.compile("(line|order)?_?(items|lines|products)", re.IGNORECASE)
LINE = "line of the order"
NAMES, VALUES = ("name", "label", "key", "attribute", "code", "attribute_code"), ("value", "values", "text", "option")


def is_nested(product: Product) -> bool:
    return any(isinstance(value, dict) or objects_in(value) for value in product.values())


def rows_of(product: Product) -> Iterator[Mapping[str, object]]:
    """Yield the row of an object: `offers` with a `price` becomes `offers price`. With variants, a row for each.

    A variant's SKU is in a column of its own; of what both say, the product's counts.
    """
    variants: list[Product] = []
    row: dict[str, object] = {}
    for name, written in product.items():
        if VARIANTS.fullmatch(name) and (found_within := objects_in(written)):
            variants = found_within
            continue
        value = plain_value(written)
        if name.startswith("@"):  # of schema.org, which says what the object is
            continue
        found = named_values(value)
        if found:
            row |= {key: part for key, part in found.items() if key not in product}
            continue
        first = next(iter(objects_in(value)), {}) if name == "offers" else value  # of schema.org, one or a list
        if not isinstance(first, dict) or is_text(first):
            row[name] = value
        elif BAGS.fullmatch(name.lower()):
            row |= {key: part for key, part in first.items() if key not in product}
        else:
            row |= {f"{name} {key}": part for key, part in first.items() if not key.startswith("@")}
    for variant in variants:
        own = next(rows_of({key: value for key, value in variant.items() if not VARIANTS.fullmatch(key)}))
        sku = next((value for key, value in own.items() if plain(key) == "sku"), None)
        yield {**own, **row, VARIANT_SKU: sku}
    if not variants:
        yield row


def line_rows_of(event: Product) -> Iterator[Mapping[str, object]]:
    """Yield the row of an event, or of an order one for each of its lines, which LINE numbers."""
    name = next((name for name, value in event.items() if LINES.fullmatch(name) and objects_in(value)), "")
    if not name:
        yield from rows_of(event)
        return
    own = next(rows_of({key: value for key, value in event.items() if key != name}))
    for number, line in enumerate(objects_in(event[name]), 1):
        row = next(rows_of({key: value for key, value in line.items() if key != "id"}))  # the order's counts
        yield {**row, **own, LINE: number}


def plain_value(value: object) -> object:
    """Return the value of MongoDB's {"$numberDecimal": "19.95"} and the like; any other as it is."""
    if isinstance(value, dict) and len(value) == 1 and (name := next(iter(value))).startswith("$"):
        return value[name]
    return value


def named_values(value: object) -> dict[str, object]:
    """Return the values by their names of a list such as [{"name": "Colour", "value": "red"}]; else nothing."""
    found = objects_in(value) if isinstance(value, list) else []
    pairs = [(value_of(each, NAMES), value_of(each, VALUES)) for each in found]
    is_named = all(isinstance(name, str) and part is not None for name, part in pairs)
    return {str(name): part for name, part in pairs} if is_named else {}


def value_of(each: Product, names: Sequence[str]) -> object:
    return next((each[name] for name in names if name in each), None)


def is_text(value: Product) -> bool:
    """Return whether an object is one text to `values.text_of`, such as an image, an amount, a text in languages."""
    names = value.keys()
    has_name = bool(names & {*OBJECT_NAMES, *AMOUNT_NAMES}) and "price" not in names
    return not names or has_name or all(LANGUAGE.fullmatch(name) for name in names)
