"""Detection of the layout of a source."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from catalog.errors import ImportFailed
from catalog.importers.archive import Archive, Folder, open_zip
from catalog.importers.class_folders import ClassFolders
from catalog.importers.deep_fashion import DeepFashion
from catalog.importers.deep_fashion_items import DeepFashionItems
from catalog.importers.fashion_products import FashionProducts
from catalog.importers.hm import Hm
from catalog.importers.records import TABLES, WORKBOOKS, open_records, suffix_of
from catalog.importers.rows import Source
from catalog.importers.table import Table, explain_rejection, is_meant_as_products, list_tables
from catalog.importers.zappos import Zappos

SOURCES: list[type[Source]] = [FashionProducts, Hm, Zappos, DeepFashion, DeepFashionItems, Table, ClassFolders]


@contextmanager
def open_source(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[Source]:
    """Open the rows of a zip, folder or table.

    columns: what columns of a table are taken for, where they are not to be recognised.
    Raises ImportFailed if it cannot be read or its layout is unknown.
    """
    if not path.exists():
        raise ImportFailed(f"{path} does not exist")
    if path.is_file() and suffix_of(path.name) in TABLES:
        yield Table(Folder(path.parent), path.name, columns)
        return
    with nullcontext(Folder(path)) if path.is_dir() else open_zip(path) as archive:
        yield find_table(archive, columns) if columns else find_source(archive)


def find_table(archive: Archive, columns: Mapping[str, str]) -> Table:
    """Return the table of an archive with columns that were chosen. Raises ImportFailed if there is none."""
    places = places_of(archive)
    for place in places:
        if found := Table.find(place, columns):
            return found
    objections = [explain_rejection(place, name, columns) for place in places for name in list_tables(place)]
    raise ImportFailed(". ".join(objections) or f"{archive.label} holds no table whose columns could be chosen")


def places_of(archive: Archive) -> list[Archive]:
    """Return an archive and its only folder, if it has one alone: most zips have one folder around everything."""
    folders = {name.split("/")[0] for name in archive.names if "/" in name}
    return [archive, *(archive.subfolder(folder) for folder in folders if len(folders) == 1)]


def find_source(archive: Archive) -> Source:
    """Detect the layout of an archive, or else of its only folder.

    Raises ImportFailed if it is empty or its layout is unknown.
    """
    if not archive.names:
        raise ImportFailed(". ".join(archive.notes) or f"{archive.label} is empty")
    places = places_of(archive)
    # Where a table of products cannot be read, none are made of the names of folders.
    has_table = any(is_meant_as_products(place, name) for place in places for name in list_tables(place))
    for place in places:
        for source in SOURCES:
            if has_table and source is ClassFolders:
                continue
            found = source.find(place)
            if found:
                return found
    for place in places:
        for name in place.names:
            if suffix_of(name) in WORKBOOKS:
                open_records(place, name)  # which raises the reason
    understood = "; ".join(source.layout for source in SOURCES)
    objections = [explain_rejection(place, name) for place in places for name in list_tables(place)]
    raise ImportFailed(". ".join([f"{archive.label} is none of what is understood: {understood}", *objections]))
