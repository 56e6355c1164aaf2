"""Requests to VisRec."""

from collections.abc import Sequence
from typing import Any

import httpx
from visrec_client.retries import RetryTransport

from visrec_saleor.settings import Settings

SECONDS = 10
BATCH = 100  # products or orders a request
MOST_EVENTS = 1000  # a request


class Refused(Exception):
    """VisRec does not take something, and never will; the message says what and why."""


class VisRec:
    """A shop of VisRec with its secret key. Its methods raise httpx.HTTPError if it is away, and Refused."""

    def __init__(self, settings: Settings) -> None:
        self.client = httpx.Client(
            base_url=f"{settings.visrec}/api/v1/",
            headers={"Authorization": f"Bearer {settings.secret_key}"},
            transport=RetryTransport(httpx.HTTPTransport()),
            timeout=SECONDS,
        )

    def close(self) -> None:
        self.client.close()

    def write(self, rows: Sequence[dict[str, Any]], delete: Sequence[str] = ()) -> None:
        """Write products, and delete those that are there of others."""
        done = self.post("products/batch/", {"upsert": rows, "delete": delete})
        failed = {rows[each["index"]]["sku"]: each["errors"] for each in done["failed"] if each["list"] == "upsert"}
        if failed:
            raise Refused(f"products: {failed}")

    def record(self, events: Sequence[dict[str, Any]]) -> list[Any]:
        """Record events; return the reasons against those that were rejected, as of products that are not there."""
        return [each["errors"] for each in self.post("interactions/", events)["rejected"]]

    def post(self, path: str, body: Any) -> Any:
        response = self.client.post(path, json=body)
        if response.status_code in (400, 422):
            raise Refused(response.text)
        return response.raise_for_status().json()
