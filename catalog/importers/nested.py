"""Products of other shops' interfaces and exports, with variants and images within, as rows that a table has."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from catalog.importers import etsy, flat, magento, shopify, woocommerce
from catalog.importers.archive import Archive
from catalog.importers.columns import check_number
from catalog.importers.json_file import JsonFile, Records
from catalog.importers.json_objects import Product
from catalog.importers.layouts import by_plain_name
from catalog.importers.records import RecordFile, open_records
from catalog.importers.rows import Problem


@dataclass(frozen=True)
class Interface:
    """Interface of another shop: its products have these fields, and become these rows of the shop's export."""

    name: str
    marks: frozenset[str]
    rows_of: Callable[[Product], Iterator[Mapping[str, object]]]
    note: str = ""  # on what is not in it


INTERFACES = (
    Interface("Shopify's JSON", shopify.MARKS, shopify.rows_of),
    Interface("WooCommerce's REST API", woocommerce.REST_MARKS, woocommerce.rest_rows_of),
    Interface("WooCommerce's Store API", woocommerce.STORE_MARKS, woocommerce.store_rows_of),
    Interface(
        "Magento's REST API",
        magento.REST_MARKS,
        magento.rest_rows_of,
        "it has numbers in place of the names of categories and of the values of selections; its export as CSV and "
        "GraphQL have the names",
    ),
    Interface("Magento's GraphQL", magento.GRAPHQL_MARKS, magento.graphql_rows_of),
)


ETSY = Interface("Etsy's listings", etsy.MARKS, etsy.rows_of, etsy.NOTE)
FLAT = Interface("", frozenset(), flat.rows_of)
LINES = Interface("", frozenset(), flat.line_rows_of)  # of events


class NestedFile:
    """Iterator over the rows of the products of a file, as RecordFile is one over records."""

    def __init__(self, file: RecordFile, interface: Interface) -> None:
        self.file, self.interface = file, interface
        self.archive, self.name, self.label = file.archive, file.name, file.label

    @property
    def notes(self) -> list[str]:
        """Return what was assumed, once the rows were read."""
        note = f": {self.interface.note}" if self.interface.note else ""
        return [*self.file.notes, *([f"{self.name} is of {self.interface.name}{note}"] if self.interface.name else [])]

    @cached_property
    def columns(self) -> list[str]:
        """Return the columns of all rows. Reads the whole file."""
        found: dict[str, None] = {}
        for record in self:
            if not isinstance(record, Problem):
                is_own = (
                    self.interface is FLAT
                )  # one without a value is empty; of others, the program has no such field
                found |= {name: None for name, value in record[1].items() if is_own or value is not None}
                check_number(self.label, found)
        return list(found)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Records:
        for record in self.file:
            if isinstance(record, Problem):
                yield record
            else:
                place, product = record
                yield from ((place, row) for row in self.interface.rows_of(product))


def open_rows(archive: Archive, name: str) -> RecordFile | NestedFile:
    """Open a file of products, whichever program has written it. Raises ImportFailed."""
    file = open_records(archive, name)
    if not isinstance(file, JsonFile):
        return NestedFile(file, ETSY) if by_plain_name(file.columns).keys() >= ETSY.marks else file
    columns = set(file.columns)
    interface = next((interface for interface in INTERFACES if interface.marks <= columns), None)
    return NestedFile(file, interface) if interface else flattened(file)


def flattened(file: RecordFile, interface: Interface = FLAT) -> RecordFile | NestedFile:
    """Return a file of records, of JSON with what is nested in them as columns, or of LINES in rows of their own."""
    if not isinstance(file, JsonFile):
        return file
    is_nested = any(flat.is_nested(record[1]) for record in file if not isinstance(record, Problem))
    return NestedFile(file, interface) if is_nested else file
