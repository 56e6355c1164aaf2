"""All products of a Saleor shop, read by its GraphQL API."""

from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from typing import Any

import httpx

from visrec_saleor.payloads import product_row
from visrec_saleor.rest import BATCH, VisRec
from visrec_saleor.settings import Settings

SECONDS = 30
QUERY = """
query($channel: String!, $first: Int!, $after: String) {
  products(channel: $channel, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { ...VisRecProduct } }
  }
}
"""


class SaleorRefused(Exception):
    """Saleor's API does not answer the query; the message has its reasons."""


def read(name: str) -> str:
    """Return a file of GraphQL of this package."""
    return (files("visrec_saleor") / name).read_text(encoding="utf-8")


def subscription() -> str:
    """Return the subscription query of the webhook."""
    return f"{read('subscription.graphql')}\n{read('product.graphql')}"


def pages(settings: Settings) -> Iterator[list[dict[str, Any]]]:
    """Yield the products of the channel in batches. Raises httpx.HTTPError and SaleorRefused."""
    headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
    variables: dict[str, Any] = {"channel": settings.channel, "first": BATCH, "after": None}
    query = QUERY + read("product.graphql")
    with httpx.Client(headers=headers, timeout=SECONDS) as client:
        while True:
            response = client.post(f"{settings.saleor}/graphql/", json={"query": query, "variables": variables})
            found = response.raise_for_status().json()
            if "errors" in found:
                raise SaleorRefused(str([error["message"] for error in found["errors"]]))
            products = found["data"]["products"]
            yield [edge["node"] for edge in products["edges"]]
            if not products["pageInfo"]["hasNextPage"]:
                return
            variables["after"] = products["pageInfo"]["endCursor"]


def sync(settings: Settings) -> str:
    """Write all products that the channel shows to VisRec; return how many. Raises what `pages` and VisRec do."""
    written, hidden = 0, 0
    with closing(VisRec(settings)) as visrec:
        for page in pages(settings):
            rows = [row for product in page if (row := product_row(product, settings))]
            if rows:
                visrec.write(rows)
            written, hidden = written + len(rows), hidden + len(page) - len(rows)
    return f"{written} products written, {hidden} left out, which have no category or price or are not published"
