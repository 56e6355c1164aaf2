"""Sources of imports at a URL, which whoever runs the command names: any host, unlike URLs within a table."""

import http.client
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from catalog.errors import ImportFailed
from catalog.importers.records import TABLES, suffix_of

SECONDS = 60  # without a byte
MOST_BYTES = 10_000_000_000
BLOCK = 1_000_000
SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
GZIP = b"\x1f\x8b"


@contextmanager
def local_copy(source: str) -> Iterator[Path]:
    """Yield the path of a source: its own, or of what is at its URL. Raises ImportFailed if that cannot be fetched."""
    if not source.lower().startswith(("http://", "https://")):
        if SCHEME.match(source):
            raise ImportFailed(f"{source} is not taken: a path, or a URL with http:// or https://, is")
        yield Path(source)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (Path(unquote(urlsplit(source).path)).name or "download")
        try:
            fetch(source, file)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ImportFailed(f"{source} cannot be fetched: {error}") from error
        try:
            yield file.rename(file.with_name(name_by_content(file)))
        except ImportFailed as error:
            raise ImportFailed(str(error).replace(f"{folder}/", "")) from error


def fetch(url: str, file: Path) -> None:
    """Store what is at a URL. Raises OSError, also for a response of no success, ValueError and HTTPException."""
    with urlopen(Request(url, headers={"User-Agent": "VisRec"}), timeout=SECONDS) as response, file.open("wb") as copy:
        while block := response.read(BLOCK):
            copy.write(block)
            if copy.tell() > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        if response.length:
            raise OSError(f"the connection ended {response.length:,} bytes too early")


def name_by_content(file: Path) -> str:
    """Return the name of a file with a suffix that says what it is: addresses such as /feed?format=csv have none."""
    if suffix_of(file.name) in TABLES or file.suffix.lower() == ".zip":
        return file.name
    with file.open("rb") as content:
        is_packed = content.read(len(GZIP)) == GZIP
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return f"{file.name}.xlsx" if "xl/workbook.xml" in archive.namelist() else f"{file.name}.zip"
    return f"{file.name}.txt.gz" if is_packed else f"{file.name}.txt"
