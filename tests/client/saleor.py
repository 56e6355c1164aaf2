"""A Saleor shop as the receiver meets it: its keys, its API, and what it sends."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CHANNEL = "default-channel"
PRICE = {"amount": 29.9, "currency": "EUR"}


def product(number: int = 72, **changes: Any) -> dict[str, Any]:
    """Return a product as the subscription has it."""
    listing = {
        "channel": {"slug": CHANNEL},
        "isPublished": True,
        "pricing": {"priceRange": {"start": {"gross": PRICE}}},
    }
    other = listing | {"channel": {"slug": "channel-pln"}, "pricing": None}
    return {
        "id": f"UHJvZHVjdDo{number}==",
        "slug": f"apple-juice-{number}",
        "name": "Apple Juice",
        "category": {"name": "Juices"},
        "media": [
            {"type": "VIDEO", "url": "https://video.example/1"},
            {"type": "IMAGE", "url": "http://img.example/juice.png"},
            {"type": "IMAGE", "url": "http://img.example/back.png"},
        ],
        "attributes": [
            {"attribute": {"name": "Flavor"}, "values": [{"name": "Apple"}, {"name": "Pear"}]},
            {"attribute": {"name": "ABV"}, "values": []},
        ],
        "channelListings": [other, listing],
        "variants": [{"quantityAvailable": 0}, {"quantityAvailable": 3}],
    } | changes


def order(*, user: str | None = "VXNlcjoyMg==") -> dict[str, Any]:
    """Return an order of two products, one of which was deleted since."""
    return {
        "id": "T3JkZXI6MTIz",
        "status": "FULFILLED",
        "created": "2026-11-20T10:15:30.123456+00:00",
        "user": user and {"id": user},
        "lines": [
            {"id": "T3JkZXJMaW5lOjE=", "variant": {"product": {"id": product()["id"]}}},
            {"id": "T3JkZXJMaW5lOjI=", "variant": None},
        ],
    }


class Saleor(ThreadingHTTPServer):
    """Publishes its keys, answers the queries of all products and orders in pages of one, and signs what it sends."""

    def __init__(self, *products: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.lists, self.queries = {"products": products, "orders": [order(), order() | {"status": "CANCELED"}]}, []
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def keys(self) -> dict[str, Any]:
        return {"keys": [json.loads(RSAAlgorithm.to_jwk(self.key.public_key())) | {"use": "sig", "kid": "1"}]}

    def page(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        [name] = [name for name in self.lists if f"{name}(channel: $channel" in query]
        after = int(variables["after"] or 0)
        info = {"hasNextPage": after + 1 < len(self.lists[name]), "endCursor": str(after + 1)}
        return {"data": {name: {"pageInfo": info, "edges": [{"node": self.lists[name][after]}]}}}

    def signature(self, body: bytes) -> str:
        return jwt.api_jws.encode(body, self.key, "RS256", headers={"kid": "1"}, is_payload_detached=True)


class Answers(BaseHTTPRequestHandler):
    server: Saleor

    def do_GET(self) -> None:
        self.answer(self.server.keys() if self.path == "/.well-known/jwks.json" else {})

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.queries.append((self.headers["Authorization"], query["query"]))
        self.answer(self.server.page(query["query"], query["variables"]))

    def answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *values: object) -> None:
        pass
