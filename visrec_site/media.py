"""Product pictures. A proxy or a CDN in front will do this better; without one, this does."""

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.views import static

YEAR = 365 * 24 * 3600


def serve(request: HttpRequest, path: str) -> HttpResponseBase:
    response = static.serve(request, path, document_root=settings.MEDIA_ROOT)
    if isinstance(response, FileResponse):
        # A stored picture never changes: another picture has another name.
        response["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        response["X-Content-Type-Options"] = "nosniff"
    return response
