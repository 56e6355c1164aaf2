"""Retries of requests that a moment may heal."""

import random
import time
from collections.abc import Callable

import httpx

TRIES = 5
PAUSE = 0.5  # seconds before the second try; each further pause is twice as long
LONGEST_PAUSE = 60.0  # seconds: who is asked to wait longer gets the response
REFUSED = {429, 503}  # nothing was done
BROKEN = {502, 504}  # nobody knows what was done
REPEATABLE = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}  # RFC 9110, section 9.2.2


class RetryTransport(httpx.BaseTransport):
    """Transport that sends a request again where this is harmless and may help."""

    def __init__(self, inner: httpx.BaseTransport, sleep: Callable[[float], None] = time.sleep) -> None:
        self.inner, self.sleep = inner, sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()  # so that its body can be sent again
        is_repeatable = request.method in REPEATABLE
        for attempt in range(TRIES - 1):
            pause = PAUSE * 2**attempt * random.uniform(0.5, 1.5)
            try:
                response = self.inner.handle_request(request)
            except httpx.TransportError as error:
                if not is_repeatable and not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
                    raise
            else:
                pause = max(pause, seconds_in(response))
                may_heal = response.status_code in REFUSED or (is_repeatable and response.status_code in BROKEN)
                if not may_heal or pause > LONGEST_PAUSE:
                    return response
                response.close()
            self.sleep(pause)
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


def seconds_in(response: httpx.Response) -> float:
    """Return the seconds of the header Retry-After; 0 without it."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0
