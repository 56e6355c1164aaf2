"""Files that are neither tables nor zips, told by their first bytes whatever their names say, and what would help."""

import re
from collections.abc import Collection

from catalog.errors import ImportFailed

EXPORT = "export CSV, .xlsx, JSON or XML"
UNPACK = "unpack it, or pack it as .zip"
IMAGE, PROGRAM, ARCHIVE = "a picture", "a program", "an archive"
START = 1000  # bytes that are looked at
MARKS = {
    b"\xff\xd8\xff": IMAGE,
    b"\x89PNG": IMAGE,
    b"GIF8": IMAGE,
    b"II*\0": IMAGE,
    b"MM\0*": IMAGE,
    b"RIFF": IMAGE,
    b"%PDF": "a PDF",
    b"{\\rtf": "a document (RTF)",
    b"\x7fELF": PROGRAM,
    b"MZ\x90\0": PROGRAM,
    b"Rar!": f"{ARCHIVE} (RAR)",
    b"7z\xbc\xaf\x27\x1c": f"{ARCHIVE} (7z)",
    b"BZh": f"{ARCHIVE} (bzip2)",
    b"\xfd7zXZ\0": f"{ARCHIVE} (xz)",
    b"\x28\xb5\x2f\xfd": f"{ARCHIVE} (zstd)",
    b"\x1f\x8b": f"{ARCHIVE} (gzip, whose name does not end in .gz, or with no table in it)",
    b"SQLite format 3\0": "a database (SQLite)",
    b"PGDMP": "a dump of a database (PostgreSQL)",
    b"PAR1": "a table of columns (Parquet)",
    b"ARROW1": "a table of columns (Arrow, Feather)",
    b"Obj\x01": "a table of Avro",
    b"\x89HDF": "a file of HDF5",
    b"MATLAB 5.0": "a file of MATLAB",
}
HEIC = re.compile(rb".{4}ftyp", re.DOTALL)
# Statements of a dump, behind comments perhaps.
SQL = re.compile(
    rb"(?>\s+|--[^\n]*\n|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/;?)*+"
    rb"(CREATE (TABLE|DATABASE)|DROP TABLE|INSERT INTO|SET \w+\s*=|USE `|LOCK TABLES|BEGIN;|START TRANSACTION|PRAGMA )",
    re.IGNORECASE,
)
# Files by which a zip is told to be a document.
DOCUMENTS = {
    "word/document.xml": "a document of Word",
    "ppt/presentation.xml": "a presentation of PowerPoint",
    "xl/workbook.bin": "a workbook in Excel's binary format (.xlsb)",
    "content.xml": "an OpenDocument of LibreOffice (.ods)",
    "Index/Document.iwa": "a document of Apple's Numbers or Pages",
}


def kind_of(start: bytes) -> str:
    """Return what a file is, by its first bytes; empty for one that may be a table or a zip."""
    if kind := next((kind for mark, kind in MARKS.items() if start.startswith(mark)), ""):
        return kind
    if HEIC.match(start):
        return IMAGE
    return "a dump of a database (SQL)" if SQL.match(start) else ""


def document_of(names: Collection[str]) -> str:
    """Return what a zip with these files is, if it is a document of an office program and no .xlsx; else empty."""
    return next((kind for name, kind in DOCUMENTS.items() if name in names), "")


def refusal(label: str, kind: str) -> ImportFailed:
    """Return the error for a file of a kind that is not read, with what would help."""
    return ImportFailed(f"{label} is {kind}, whatever its name says: {UNPACK if ARCHIVE in kind else EXPORT}")
