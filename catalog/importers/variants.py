"""Rows that are one product: those that follow each other, and variants that stand anywhere in an export."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeAlias

from catalog.importers.layouts import Layout
from catalog.importers.rows import Problem
from catalog.importers.values import is_nothing

Record: TypeAlias = tuple[str, Mapping[str, str]]
Groups: TypeAlias = Iterator[list[Record] | Problem]
ReadRecords: TypeAlias = Callable[[], Iterator[Record | Problem]]


def group_following(
    records: Iterator[Record | Problem],
    sku: str,
    title: str,
    own: Collection[str] = (),
    variants: Mapping[str, frozenset[str]] | None = None,
) -> Groups:
    """Yield the records of each product: its own, and those that follow it with its SKU, and its title or none.

    own: columns, if any, that are filled in the first record of a product alone. variants: columns, if any, with values
    by which a record is said to belong to the product before it.
    """
    group: list[Record] = []
    for record in records:
        is_variant = not isinstance(record, Problem) and variants and names_variant(record[1], variants)
        if (
            not isinstance(record, Problem)
            and group
            and (is_variant or continues(record[1], group[0][1], sku, title, own))
        ):
            group.append(record)
            continue
        if group:
            yield group
        group = []
        if isinstance(record, Problem):
            yield record
        else:
            group = [record]
    if group:
        yield group


def continues(fields: Mapping[str, str], first: Mapping[str, str], sku: str, title: str, own: Collection[str]) -> bool:
    if own:
        return all(is_nothing(fields.get(column, "")) for column in own)
    is_same = bool(fields.get(sku)) and fields.get(sku) == first.get(sku)
    # A row that differs in nothing is a repeated one.
    is_its_title = is_nothing(fields.get(title, "")) or fields.get(title) == first.get(title)
    return is_same and is_its_title and fields != first


def names_variant(fields: Mapping[str, str], variants: Mapping[str, frozenset[str]]) -> bool:
    return any(fields.get(column, "").lower() in values for column, values in variants.items())


class Families:
    """Variants that name their product, or are named by it, wherever they stand. The table is read twice for them.

    named: the table's columns, by their plain names.
    """

    def __init__(self, layout: Layout, named: Mapping[str, str]) -> None:
        self.sku = next(named[name] for name in layout.columns.get("sku", ("sku",)) if name in named)
        self.id = named.get("id", "")
        self.prefix = "id:" if layout.parent.endswith(" id") else ""  # before what names the product
        self.parent, self.children = named.get(layout.parent, ""), named.get(layout.children, "")
        self.translated = named.get(layout.translated, "")
        self.left_out = 0  # rows of other languages

    def group(self, read: ReadRecords) -> Groups:
        """Yield each product's own record and those of its variants."""
        keys: set[str] = set()
        parents: dict[str, str] = {}
        for _, fields in self._own(read):
            keys.update(self._keys(fields))
            parents |= {key: fields.get(self.sku, "") for key in variant_keys(fields.get(self.children, ""))}
        members: dict[str, list[Record]] = {}
        for place, fields in self._own(read):
            if (parent := self._parent(fields, parents)) in keys:
                members.setdefault(parent, []).append((place, {name: text for name, text in fields.items() if text}))
        self.left_out = 0
        for record in read():
            if isinstance(record, Problem):
                yield record
            elif record[1].get(self.translated):
                self.left_out += 1
            elif self._parent(record[1], parents) not in keys:
                yield [record, *(member for key in self._keys(record[1]) for member in members.pop(key, []))]
        for parent, others in members.items():
            for place, fields in others:
                reason = f"it is a variant of {parent}, which is itself a variant of another product"
                yield Problem(place, reason, fields.get(self.sku, ""))

    def _own(self, read: ReadRecords) -> Iterator[Record]:
        for record in read():
            if not isinstance(record, Problem) and not record[1].get(self.translated):
                yield record

    def _keys(self, fields: Mapping[str, str]) -> list[str]:
        found = {"": fields.get(self.sku, ""), "id:": fields.get(self.id, "")}
        return [f"{prefix}{value}" for prefix, value in found.items() if value]

    def _parent(self, fields: Mapping[str, str], parents: Mapping[str, str]) -> str:
        """Return the key of the product of which this is a variant; empty if it is none."""
        keys = self._keys(fields)
        parent = fields.get(self.parent, "") and f"{self.prefix}{fields[self.parent]}"
        parent = parent or next((parents[key] for key in keys if key in parents), "")
        return "" if parent in keys else parent


def variant_keys(text: str) -> list[str]:
    """Return the SKUs of variants, or their ids behind `id:`, of sku=A,size=40|sku=B,size=41 or id=12|id=13."""
    named = [dict(pairs_of(part, "=")) for part in text.split("|")]
    keys = [names.get("sku") or (f"id:{names['id']}" if "id" in names else "") for names in named]
    return [key for key in keys if key]


def pairs_of(text: str, sign: str) -> list[tuple[str, str]]:
    """Return the names and values of a text such as size=40,colour=red, where a value may have commas."""
    parts: list[str] = []
    for part in text.split(","):
        if sign in part or not parts:
            parts.append(part)
        else:
            parts[-1] += f",{part}"
    split = (part.partition(sign) for part in parts)
    return [(name.strip(), value.strip()) for name, _, value in split if name.strip() and value.strip()]
