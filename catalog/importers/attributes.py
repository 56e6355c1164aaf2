"""Attributes of a product, of the columns that are nothing else."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from catalog.importers import values
from catalog.importers.layouts import BETWEEN, Layout, by_plain_name, has_costs, leaves_out, plain
from catalog.importers.variants import pairs_of
from catalog.variants import BETWEEN as JOINED
from catalog.variants import VARIANT_SKU

OF_VARIANTS = ("sku", "variation sku", "product variation sku")
OPTION = re.compile(r"product_variation_option_(.+)")  # as Ecwid calls a column of the values of an option
NO_OPTION = ("Title", "Default Title")  # of Shopify, where a product has no options
# Option1 Name, Attribute 1 name, Option Name 1, and Wix's productOptionName1: beside it is the value.
NAME = re.compile(r"(?P<stem>.*\d) name|(?P<word>.*) name(?P<number> \d+)|productoptionname(?P<option>\d)")


class AttributeColumns:
    """Columns of attributes: each with its own name, some in pairs of a name and a value, some with several in them.

    chosen: those that are attributes whatever the layout leaves out.
    """

    def __init__(self, columns: Sequence[str], layout: Layout | None, chosen: Collection[str] = ()) -> None:
        named = by_plain_name(columns)
        matches = [match for name in named if (match := NAME.fullmatch(name)) and value_beside(match) in named]
        self.pairs = [(named[match.string], named[value_beside(match)]) for match in matches]
        self.between = layout.between if layout else BETWEEN
        stems = [match["stem"] for match in matches if match["stem"]]  # with others, such as Attribute 1 visible
        signs = {**layout.pairs, layout.children: "="} if layout else {}
        self.packed = [(named[name], sign) for name, sign in signs.items() if name in named]
        taken = {name for name, _ in self.packed}.union(*self.pairs)
        self.single = [
            column
            for column in columns
            if column not in taken
            and not any(plain(column).startswith(f"{stem} ") for stem in stems)
            and (column in chosen or not leaves_out(layout, column))
        ]
        self.names = {column: called(column) for column in self.single if called(column) != values.read_text(column)}

    def read(self, records: Sequence[Mapping[str, str]], *, is_family: bool) -> dict[str, str]:
        """Return the attributes of the records of a product.

        is_family: the first of them is the product's own; what it says goes before what its variants do.
        """
        found = {column: joined([fields.get(column, "") for fields in records]) for column in self.single}
        if is_family:
            found |= {name: text for name in found if (text := joined([records[0].get(name, "")]))}
        several: dict[str, list[str]] = {}
        for fields in records:
            for name_column, value_column in self.pairs:
                name = first(fields.get(name_column, "") for fields in (fields, *records))
                if name and (name, fields.get(value_column)) != NO_OPTION:
                    several.setdefault(name, []).extend(self.between.split(fields.get(value_column, "")))
            for column, sign in self.packed:
                for part in re.split(r"\|(?=sku=)", fields.get(column, "")):
                    for name, value in pairs_of(part, sign):
                        several.setdefault(name, []).extend((value.split(":")[0] if sign == ":" else value).split("|"))
        for name in ("sku", "id"):  # of variants
            several.pop(name, None)
        found |= {called(name): joined(texts) for name, texts in several.items() if not has_costs(name)}
        return {self.names.get(name, name): text for name, text in found.items()}


def called(name: str) -> str:
    """Return the name of an attribute: beside a column that is the product's SKU, one called so has variants'."""
    if plain(name) in OF_VARIANTS:
        return VARIANT_SKU
    option = OPTION.fullmatch(name)
    return values.read_text(option[1] if option else name.removeprefix("*"))  # of eBay, of a column that is needed


def value_beside(match: re.Match[str]) -> str:
    """Return the column of the value whose name is in a column that NAME matches."""
    if match["option"]:
        return f"productoptiondescription{match['option']}"
    return f"{match['stem']} value" if match["stem"] else f"{match['word']} value{match['number']}"


def first(texts: Iterable[str]) -> str:
    """Return the first text that is not empty; else an empty one."""
    return next((text for text in texts if text), "")


def joined(texts: Iterable[str]) -> str:
    """Return the different texts, as a shopper should read them, with commas between."""
    found = {read: None for text in texts if text and (read := values.read_text(text))}
    return JOINED.join(found)
