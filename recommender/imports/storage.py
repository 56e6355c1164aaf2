"""Files of imports: what is imported, removed once it is, and the report, which stays as long as its row.

They are not below MEDIA_ROOT, which visitors can read.
"""

import logging
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from time import time

from django.conf import settings

from catalog.importers.remote import name_by_content
from recommender.imports.models import ImportRun

log = logging.getLogger(__name__)

LONGEST_NAME = 100  # characters of a file's name that are retained, from its end
AGE = timedelta(days=1)  # of folders that are removed: the row of a younger one may be about to be written


def folder_of(run: ImportRun) -> Path:
    return Path(settings.IMPORTS_ROOT) / run.token


def report_of(run: ImportRun) -> Path:
    return folder_of(run) / "report.csv"


def source_of(run: ImportRun) -> Path | None:
    """Return the file to be imported, which is complete; None if it is not there."""
    folder = folder_of(run) / "source"
    return next(iter(sorted(folder.iterdir())), None) if folder.exists() else None


def store(run: ImportRun, name: str, blocks: Iterable[bytes]) -> Path:
    """Store the file to be imported, with a suffix by its content if its own is none of those that are known.

    Of a file that is not complete nothing stays. Raises OSError, as when the disk is full.
    """
    folder = folder_of(run)
    partial = folder / Path(name).name[-LONGEST_NAME:].lstrip(".")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            for block in blocks:
                file.write(block)
        (folder / "source").mkdir(exist_ok=True)
        return partial.rename(folder / "source" / name_by_content(partial))
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def remove_source(run: ImportRun) -> None:
    """Remove the file that was imported."""
    shutil.rmtree(folder_of(run) / "source", ignore_errors=True)


def remove(run: ImportRun) -> None:
    """Remove all files of an import."""
    shutil.rmtree(folder_of(run), ignore_errors=True)


def remove_unnamed(limit: int) -> int:
    """Remove up to `limit` folders that are a day old and that no import has, of uploads that were broken off."""
    root = Path(settings.IMPORTS_ROOT)
    if not root.exists():
        return 0
    before = time() - AGE.total_seconds()
    old = [folder.name for folder in root.iterdir() if folder.stat().st_mtime < before]
    named = set(ImportRun.objects.filter(token__in=old).values_list("token", flat=True))
    unnamed = [name for name in old if name not in named][:limit]
    for name in unnamed:
        log.warning("%s is removed: no import has it", root / name)
        shutil.rmtree(root / name, ignore_errors=True)
    return len(unnamed)
