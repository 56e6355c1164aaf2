"""Pictures of products, and designs. A proxy or a CDN in front will do this better; without one, this does."""

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.views import static

DAY = 24 * 3600
YEAR = 365 * DAY


def serve(request: HttpRequest, path: str) -> HttpResponseBase:
    response = static.serve(request, path, document_root=settings.MEDIA_ROOT)
    if isinstance(response, FileResponse):
        # A stored picture never changes: another picture has another name.
        # A design is one shopper's own, and gone before long: nobody between keeps it.
        who, seconds = ("private", DAY) if path.startswith("designs/") else ("public", YEAR)
        response["Cache-Control"] = f"{who}, max-age={seconds}, immutable"
        response["X-Content-Type-Options"] = "nosniff"
    return response
