"""Files that actions of the admin send."""

from collections.abc import Iterable, Sequence

from django.http import StreamingHttpResponse

from catalog.exports import Record, csv_lines


def csv_response(name: str, columns: Sequence[str], records: Iterable[Record]) -> StreamingHttpResponse:
    """Return a response that sends a CSV line by line, to be saved under a name."""
    lines = csv_lines(list(columns), records)
    return StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
