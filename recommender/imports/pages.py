"""Content of the page of an import, ready for its template."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalog.errors import ImportFailed
from catalog.importers.event_preview import estimate_event_mapping, read_event_preview
from catalog.importers.preview import Preview, Shown, estimate_mapping, read_preview
from catalog.importers.rows import Problem
from recommender.imports import reports, storage
from recommender.imports.models import FINISHED, ImportRun, RunKind, RunStatus

MOST_PROBLEMS = 100  # on the page; the report has all


@dataclass(frozen=True)
class PreviewPage:
    """The first rows of an uploaded file, of products with their pictures, or why it cannot be read."""

    mapping: Sequence[tuple[str, str]] = ()
    preview: Preview | None = None
    shown: Sequence[tuple[str, str, Sequence[str]]] = ()  # a picture's address, or why there is none; lines of the row
    problem: str = ""
    notes: Sequence[str] = field(default_factory=list)


def can_start(run: ImportRun) -> bool:
    """Return whether its file can be imported, or tried: nobody has had it imported, and it is still there."""
    return run.has_source and (run.status == RunStatus.DRAFT or (run.is_trial and run.status in FINISHED))


def read_page(run: ImportRun, chosen: Mapping[str, str]) -> PreviewPage:
    """Read the first rows of an uploaded file. chosen: what columns are taken for."""
    source = storage.source_of(run)
    if source is None:
        return PreviewPage(problem="The file is no longer there: upload it again.")

    def plain(text: str) -> str:
        return text.replace(f"{source.parent}/", "")

    try:
        if run.kind == RunKind.INTERACTIONS:
            found = read_event_preview(source, chosen, run.positive)
        else:
            found = read_preview(source, chosen, thumbnails=True)
    except ImportFailed as error:
        return PreviewPage(mapping=mapping_of_unreadable(run, chosen), problem=plain(str(error)))
    shown = [(*picture_of(entry), [plain(line) for line in lines_of(entry)]) for entry in found.entries]
    return PreviewPage(found.mapping, found, shown, notes=[plain(note) for note in found.notes])


def mapping_of_unreadable(run: ImportRun, chosen: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return the columns of a table that cannot be imported as it is read; none if it is no table at all."""
    source = storage.source_of(run)
    try:
        if source is None:
            return []
        estimate = estimate_event_mapping if run.kind == RunKind.INTERACTIONS else estimate_mapping
        return estimate(source, chosen)
    except ImportFailed:
        return []


def picture_of(entry: Shown | Problem) -> tuple[str, str]:
    """Return the address of the picture of a row, else why there is none."""
    if isinstance(entry, Problem) or not entry.thumbnail.jpeg:
        return "", "none" if isinstance(entry, Problem) else entry.thumbnail.lack
    return f"data:image/jpeg;base64,{base64.b64encode(entry.thumbnail.jpeg).decode()}", ""


def lines_of(entry: Shown | Problem) -> Sequence[str]:
    return [str(entry)] if isinstance(entry, Problem) else entry.lines


def problems_of(run: ImportRun) -> list[list[str]]:
    """Return the first problems of an import, each in the columns of its report."""
    return reports.read_first(storage.report_of(run), MOST_PROBLEMS)
