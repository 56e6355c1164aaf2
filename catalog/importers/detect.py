"""Detection of the layout of a source."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from catalog.errors import ImportFailed
from catalog.importers.archive import MEMBER, READ_ERRORS, Archive, Folder, open_zip
from catalog.importers.class_folders import ClassFolders
from catalog.importers.deep_fashion import DeepFashion
from catalog.importers.deep_fashion_items import DeepFashionItems
from catalog.importers.fashion_products import FashionProducts
from catalog.importers.file_kinds import START, document_of, kind_of, refusal
from catalog.importers.hm import Hm
from catalog.importers.records import TABLES, WORKBOOKS, open_records, suffix_of
from catalog.importers.rows import Source
from catalog.importers.table import Table, explain_rejection, is_meant_as_products, list_tables
from catalog.importers.zappos import Zappos

WORKBOOK = "xl/workbook.xml"  # which each .xlsx has
MOST_EXPLAINED = 5  # files of an archive that is not understood
SOURCES: list[type[Source]] = [FashionProducts, Hm, Zappos, DeepFashion, DeepFashionItems, Table, ClassFolders]


@contextmanager
def open_source(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[Source]:
    """Open the rows of a zip, folder or table.

    columns: what columns of a table are taken for, where they are not to be recognised.
    Raises ImportFailed if it cannot be read or its layout is unknown.
    """
    if not path.exists():
        raise ImportFailed(f"{path} does not exist")
    if path.is_file() and is_table(path):
        yield Table(Folder(path.parent), path.name, columns)
        return
    with nullcontext(Folder(path)) if path.is_dir() else open_zip(path) as archive:
        yield find_table(archive, columns) if columns else find_source(archive)


def is_table(path: Path) -> bool:
    """Return whether a file is a table by its name, or else by its content. Raises ImportFailed for other kinds."""
    if suffix_of(path.name) in TABLES:
        return True
    with path.open("rb") as file:
        start = file.read(START)
    if kind := kind_of(start):
        raise refusal(str(path), kind)
    if not zipfile.is_zipfile(path):
        return path.suffix.lower() != ".zip" and not start.startswith(MEMBER)
    with open_zip(path) as archive:
        if kind := document_of(archive.names):
            raise refusal(str(path), kind)
        return WORKBOOK in archive.names


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
    objections += [text for place in places for text in explain_kinds(place)]
    raise ImportFailed(". ".join([f"{archive.label} is none of what is understood: {understood}", *objections]))


def explain_kinds(archive: Archive) -> list[str]:
    """Return for the first files of an archive that are no tables, nor images by their names, what they are."""
    found = []
    for name in [name for name in archive.names if "/" not in name and name not in archive.images][:MOST_EXPLAINED]:
        try:
            with archive.open(name) as file:
                kind = kind_of(file.read(START))
        except READ_ERRORS:
            continue
        found += [str(refusal(name, kind))] if kind else []
    return found
