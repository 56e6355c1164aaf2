"""All products and orders of a Saleor shop, read by its GraphQL API."""

from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from typing import Any

import httpx

from visrec_saleor.payloads import NOT_BOUGHT, product_row, purchases
from visrec_saleor.rest import BATCH, MOST_EVENTS, VisRec
from visrec_saleor.settings import Settings

SECONDS = 30
QUERY = """
query($channel: String!, $first: Int!, $after: String) {
  LIST(channel: $channel, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { ...FRAGMENT } }
  }
}
"""
PRODUCTS = QUERY.replace("LIST", "products").replace("FRAGMENT", "VisRecProduct")
ORDERS = QUERY.replace("LIST", "orders").replace("FRAGMENT", "VisRecOrder")


class SaleorRefused(Exception):
    """Saleor's API does not answer the query; the message has its reasons."""


def read(name: str) -> str:
    """Return a file of GraphQL of this package."""
    return (files("visrec_saleor") / name).read_text(encoding="utf-8")


def subscription() -> str:
    """Return the subscription query of the webhook."""
    return "\n".join(map(read, ("subscription.graphql", "product.graphql", "order.graphql")))


def pages(settings: Settings, query: str) -> Iterator[list[dict[str, Any]]]:
    """Yield what a query of the channel finds, in batches. Raises httpx.HTTPError and SaleorRefused."""
    headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
    variables: dict[str, Any] = {"channel": settings.channel, "first": BATCH, "after": None}
    with httpx.Client(headers=headers, timeout=SECONDS) as client:
        while True:
            response = client.post(f"{settings.saleor}/graphql/", json={"query": query, "variables": variables})
            found = response.raise_for_status().json()
            if "errors" in found:
                raise SaleorRefused(str([error["message"] for error in found["errors"]]))
            [page] = found["data"].values()
            yield [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return
            variables["after"] = page["pageInfo"]["endCursor"]


def sync(settings: Settings) -> str:
    """Write all that the channel shows and has sold to VisRec; return how much. Raises what `pages` and VisRec do."""
    written, hidden, recorded, rejected = 0, 0, 0, 0
    with closing(VisRec(settings)) as visrec:
        for products in pages(settings, PRODUCTS + read("product.graphql")):
            rows = [row for product in products if (row := product_row(product, settings))]
            if rows:
                visrec.write(rows)
            written, hidden = written + len(rows), hidden + len(products) - len(rows)
        for orders in pages(settings, ORDERS + read("order.graphql")):
            bought = [each for order in orders if order["status"] not in NOT_BOUGHT for each in purchases(order)]
            for first in range(0, len(bought), MOST_EVENTS):
                events = bought[first : first + MOST_EVENTS]
                refused = len(visrec.record(events))
                recorded, rejected = recorded + len(events) - refused, rejected + refused
    return (
        f"{written} products written, {hidden} left out, which have no category or price or are not published; "
        f"{recorded} purchases recorded, {rejected} left out, whose products are not there"
    )
