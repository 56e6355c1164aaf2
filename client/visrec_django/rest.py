"""Requests to VisRec with the secret key of this project."""

from functools import cache
from typing import Any

import httpx
from django.conf import settings
from visrec_client.retries import RetryTransport

SECONDS = 10


@cache
def client() -> httpx.Client:
    """Return the client of this process."""
    return httpx.Client(
        base_url=f"{settings.VISREC['URL'].rstrip('/')}/api/v1/",
        headers={"Authorization": f"Bearer {settings.VISREC['SECRET_KEY']}"},
        transport=RetryTransport(httpx.HTTPTransport()),
        timeout=SECONDS,
    )


def post(path: str, **body: Any) -> Any:
    """Return the body of the response. Raises httpx.HTTPError for any but 2xx, and without a response."""
    response = client().post(path, **body)
    if response.is_client_error:
        text = f"{response.status_code}: {response.text}"
        raise httpx.HTTPStatusError(text, request=response.request, response=response)
    return response.raise_for_status().json()
