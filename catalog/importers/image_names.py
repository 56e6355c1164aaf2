"""Images as cells of a table name them: files beside the table in any spelling, and URLs; several in one cell."""

import posixpath
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from catalog.errors import BadRow
from catalog.importers.archive import SUFFIXES, Archive
from catalog.importers.rows import UNSTORABLE
from catalog.importers.values import UNSEEN

URL = re.compile(r"(https?:|ftp:)?//|data:", re.IGNORECASE)
ELSEWHERE = re.compile(r"[a-z]:[\\/]|file:|[\\/]", re.IGNORECASE)  # from the root of a disk
SEVERAL = re.compile(r"\.[a-z]\w{2,3}[ \t]*[,;|\n]", re.IGNORECASE)  # behind a file's name begins another
MOST_IMAGES = 100  # of a product
# One URL alone that is taken as it stands, as most are: without commas or semicolons, and with nothing to escape.
PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._~!#$'()*+/:=?@%-]+")
# What may stand in a URL besides letters and digits (RFC 3986), with the sign of what is encoded already.
URL_SIGNS = "!#$%&'()*+,/:;=?@[]~"


def find_images(archive: Archive, cells: Iterable[str]) -> list[str]:
    """Return the paths and URLs of the images that cells name, each once.

    Raises BadRow if there is none, there are too many, or one leads out of the folder of the table.
    """
    texts = [text for text in cells if text]
    if any(UNSTORABLE.search(text) for text in texts):
        raise BadRow("image: it holds a character that cannot be stored")
    found = list(dict.fromkeys(name for text in texts for name in read_cell(archive, text)))
    if not found:
        raise BadRow("image: it is empty")
    if len(found) > MOST_IMAGES:
        raise BadRow(f"image: it names {len(found)} images; a product has at most {MOST_IMAGES}")
    return found


def read_cell(archive: Archive, text: str) -> list[str]:
    """Return the paths and URLs that a cell names. Raises BadRow for one that has an image itself."""
    if PLAIN_URL.fullmatch(text):
        return [text]
    if text.lower().startswith("data:"):
        raise BadRow(f"image: {text[:30]}… is an image itself; name its file, or its URL")
    if not URL.match(text) and (path := find_file(archive, text)):
        return [path]
    # A URL may have commas of its own.
    parts = re.split(r"[,;|\s]+(?=https?://)", text, flags=re.IGNORECASE) if "//" in text else re.split("[,;|\n]", text)
    names = [name for part in parts if (name := UNSEEN.sub("", part).strip(" ,;|\t\r\n"))]
    return [encode_url(name) if URL.match(name) else find_path(archive, name) for name in names]


def is_url(name: str) -> bool:
    return bool(URL.match(name))


def names_image(text: str) -> bool:
    """Return whether a text is a URL, or the name of an image's file."""
    return is_url(text) or PurePosixPath(text).suffix.lower() in SUFFIXES


def encode_url(text: str) -> str:
    """Return a URL as servers take it: with a scheme, without entities of HTML, other characters percent-encoded."""
    url = f"https:{text}" if text.startswith("//") else text
    return quote(url.replace("&amp;", "&"), safe=URL_SIGNS)


def find_path(archive: Archive, name: str) -> str:
    return find_file(archive, name) or resolve_path(name)


def find_file(archive: Archive, name: str) -> str | None:
    """Return the file that a path means, also one as in a URL, or as on the machine on which the table was made."""
    plain = resolve_path(unquote(name.partition("?")[0]))
    found = archive.find(resolve_path(name)) or archive.find(plain)
    if found or not ELSEWHERE.match(name) or SEVERAL.search(name):
        return found
    parts = plain.split("/")
    return next((path for cut in range(1, len(parts)) if (path := archive.find("/".join(parts[cut:])))), None)


def resolve_path(name: str) -> str:
    """Normalize the path of an image, from the folder of the table. Raises BadRow if it leads out of that."""
    path = posixpath.normpath(name.replace("\\", "/").lstrip("/"))
    if path.startswith("../") or path == "..":
        raise BadRow(f"image: {name} lies outside; a path relative to the CSV is taken")
    return path
