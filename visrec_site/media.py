"""Serve images of products and designs, for installations without a proxy or CDN that does it faster."""

import errno

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.views import static

DAY = 24 * 3600
YEAR = 365 * DAY


def serve(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a file below MEDIA_ROOT, with headers for caches."""
    try:
        response = static.serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise Http404(f"{path[:50]}… is not the name of a file.") from error
        raise
    if isinstance(response, FileResponse):
        # A stored image never changes: another image has another name.
        # A design belongs to one shopper and expires: no shared cache may store it.
        is_design = "designs" in path.split("/")  # also where the address has a detour, as ./designs/
        scope, seconds = ("private", DAY) if is_design else ("public", YEAR)
        response["Cache-Control"] = f"{scope}, max-age={seconds}, immutable"
        response["X-Content-Type-Options"] = "nosniff"
    return response
