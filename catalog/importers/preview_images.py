"""Small pictures for the preview of an import: of files beside the table, and of URLs of hosts that are allowed."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass

from django.conf import settings

from catalog.errors import FetchFailed, FetchRefused, UnreadableImage
from catalog.fetching import fetch_blocks
from catalog.images import shrink_to_jpeg
from catalog.importers.archive import Archive
from catalog.importers.image_names import is_url

SIDE = 120  # pixels of the longer side
SECONDS = 4  # for all pictures of a preview: somebody waits for the page
LIMIT = 5_000_000  # bytes of a picture that is fetched
TOGETHER = 5  # requests at a time
GRACE = 1  # seconds for a picture that has come to be read


@dataclass(frozen=True)
class Thumbnail:
    """A small JPEG, or why there is none."""

    jpeg: bytes = b""
    lack: str = ""


TOO_LATE = Thumbnail(lack=f"not fetched for this preview: its pictures took longer than {SECONDS} seconds")


def thumbnails_of(names: Sequence[str], archive: Archive) -> list[Thumbnail]:
    """Return a small picture of each image; those of URLs are fetched, all of them within SECONDS."""
    deadline = time.monotonic() + SECONDS
    pool = ThreadPoolExecutor(TOGETHER)
    try:
        fetched = {name: pool.submit(fetch, name, deadline) for name in names if is_url(name)}
        return [read_result(fetched[name], deadline) if name in fetched else read_file(name, archive) for name in names]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a name server may take longer


def read_file(name: str, archive: Archive) -> Thumbnail:
    try:
        return Thumbnail(shrink_to_jpeg(archive.read_image_file(name), SIDE))
    except (UnreadableImage, OSError) as error:
        return Thumbnail(lack=str(error))


def fetch(url: str, deadline: float) -> Thumbnail:
    """Return a small picture of the image at a URL, or why there is none. deadline: of time.monotonic()."""
    seconds = deadline - time.monotonic()
    try:
        blocks = fetch_blocks(url, min(LIMIT, settings.MAX_IMAGE_BYTES), seconds=seconds, accept="image/*")
        return Thumbnail(shrink_to_jpeg(b"".join(blocks), SIDE))
    except (FetchRefused, FetchFailed) as error:
        # Nobody is told a number of seconds that depends on the pictures before it.
        return TOO_LATE if time.monotonic() >= deadline else Thumbnail(lack=f"not fetched: {error}")
    except UnreadableImage as error:
        return Thumbnail(lack=str(error))


def read_result(fetched: Future[Thumbnail], deadline: float) -> Thumbnail:
    try:
        return fetched.result(timeout=max(deadline - time.monotonic(), 0) + GRACE)
    except Late:
        return TOO_LATE
