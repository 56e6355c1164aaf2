"""Encodings of tables that are not in UTF-8: told by the header, whose names are known in many languages."""

import codecs
import re

from catalog.importers.columns import HEADER_ROWS, count_known

# Those that programs still write, the western one first, which any bytes may be; what they are called for people.
NAMES = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp932": "Shift JIS",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "EUC-KR",
    "koi8_r": "KOI8-R",
    "mac_roman": "Mac OS Roman",
}
SEPARATED = re.compile("[,;\t|]")
LEAST = 3  # columns whose names are known, of a header by which an encoding is told
BOMS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}  # looked for before that of UTF-16
BOMS |= {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
MOST = 20_000  # bytes in which a header is looked for


def wide_of(start: bytes) -> str:
    """Return which UTF-16 or UTF-32 a file is in, by its mark, or by letters with zeros between; empty for others."""
    if name := next((name for mark, name in BOMS.items() if start.startswith(mark)), ""):
        return name
    if re.match(rb"([\t -~]\0){4}", start):
        return "utf-16-le"
    return "utf-16-be" if re.match(rb"(\0[\t -~]){4}", start) else ""


def encoding_by_header(start: bytes) -> str:
    """Return the encoding in which most columns of the header are known; empty if ASCII alone has as many.

    start: of a file that is not UTF-8.
    """
    lines = re.split(rb"\r\n|\n|\r", start[:MOST])[:HEADER_ROWS]
    plain = max(known_in(lines, "ascii"), LEAST - 1)
    counts = {name: known_in(lines, name) for name in NAMES}
    best = max(counts.values())
    return next(name for name, count in counts.items() if count == best) if best > plain else ""


def known_in(lines: list[bytes], encoding: str) -> int:
    """Return how many columns are known of the line that has most of them, read in an encoding."""
    return max(count_known(SEPARATED.split(line.decode(encoding, "replace").replace('"', ""))) for line in lines)
