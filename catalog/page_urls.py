"""URLs of products' pages, here and in a storefront."""

import re
from urllib.parse import quote

from django.core.validators import RegexValidator

MAX_PAGE_URL = 2000  # characters
# Django's own does not know hosts without a dot, such as those of a network inside.
PAGE_URL = RegexValidator(
    r"^[hH][tT][tT][pP][sS]?://[\w.-]+(:\d{1,5})?([/?#]\S*)?\Z",
    "A page is at http:// or https:// and a host, without spaces.",
)
URL_SAFE = "!$&'()*+,;=/~:@"  # what django.urls.reverse does not quote (RFC 3986, section 3.3)
HOST = re.compile(r"\w+://[^/?#]+")
UNESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})")  # a sign that escapes nothing


def escape(url: str) -> str:
    """Return a URL that PAGE_URL lets pass with all escaped that RFC 3986 does not allow; "" for ""."""
    host = HOST.match(url)
    if not host:
        return ""
    parts = UNESCAPED.sub("%25", url[host.end() :]).split("#", 1)
    return quote(host[0], safe=":/") + "#".join(quote(part, safe=f"{URL_SAFE}?%") for part in parts)
