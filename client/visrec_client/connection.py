"""Connection to a shop, for what is generated of its OpenAPI document in `visrec_client.rest`."""

import httpx

from visrec_client.rest import AuthenticatedClient
from visrec_client.retries import RetryTransport


def connect(
    url: str, key: str, *, seconds: float = 10, transport: httpx.BaseTransport | None = None
) -> AuthenticatedClient:
    """Return a client of the shop at `url` for a key or a token.

    seconds: for a response. transport: below the retries, such as one with a proxy.
    """
    retries = RetryTransport(transport or httpx.HTTPTransport())
    return AuthenticatedClient(url, key, timeout=httpx.Timeout(seconds), httpx_args={"transport": retries})
