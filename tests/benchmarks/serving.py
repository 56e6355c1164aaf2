"""Answers over HTTP against the quickest SQL statements that bring the same rows, in a shop that big_shop has filled.

The two take turns, call by call, so that other load on the machine delays both; a ratio is that of the medians.
"""

import http.client
import json
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlsplit

from django.db import connection
from django.utils import timezone

from catalog.models import Kind, Shopper
from catalog.rows import CATEGORY, IN_STOCK, VISIBLE, Sql, fetch
from recommender.models import ModelVersion, State
from recommender.serving import history, recommend
from recommender.serving.types import RecommendationQuery
from recommender.versions.vectors import nearest
from tests.benchmarks.big_shop import FIRST, SEED, SHOPPERS

CALLS = 60  # of each kind
WRITES = 10  # requests with 1,000 interactions
TRIALS = 5  # of each statement for the same rows, from which the quickest is chosen
IDLE = 1.0
SHOWN, LISTED = 12, 24  # products of a list of recommendations, and of a page of products
LISTABLE = VISIBLE & IN_STOCK
ROW = (
    "p.id, p.sku, p.title, c.name, p.price, p.currency, p.in_stock, p.attributes, i.file, i.thumbnail"
    f" FROM catalog_product p {CATEGORY} LEFT JOIN catalog_productimage i ON i.product_id = p.id AND i.position = 0"
)
COUNTS = Sql("SELECT category_id, sum(products) FROM catalog_productcount WHERE NOT is_hidden GROUP BY 1")


@dataclass
class Call:
    """A request, and ways to read its rows by SQL: each of them some statements in turn."""

    path: str
    ways: dict[str, Sequence[Sql]]
    body: object = None
    rows: int | None = SHOWN  # results in the JSON; None: a page
    headers: dict[str, str] = field(default_factory=dict)


class Client:
    """A connection to the shop, which is opened anew if it was not used for IDLE seconds."""

    def __init__(self, url: str):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self.answered = time.monotonic()

    def send(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> bytes:
        """Return the body of the answer; a `body` is sent as JSON. Fails if the answer is an error."""
        sent = None if body is None else json.dumps(body).encode()
        headers = (headers or {}) | ({"Content-Type": "application/json"} if sent else {})
        if time.monotonic() - self.answered > IDLE:  # the server closes a connection after two seconds
            self.connection.close()
        self.connection.request("POST" if sent else "GET", path, sent, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        self.answered = time.monotonic()
        assert answer.status in (200, 202), (path, answer.status, content[:500])
        return content

    def staff(self) -> dict[str, str]:
        """Return the headers of the demo's admin."""
        answer = self.send("/api/v1/auth/token/", {"username": "admin", "password": "admin"})
        return {"Authorization": f"Token {json.loads(answer)['token']}"}

    def call(self, call: Call) -> None:
        content = self.send(call.path, call.body, call.headers)
        if call.rows is not None:
            assert len(json.loads(content)["results"]) == call.rows, call.path


class Cases:
    """Calls of each kind, each about another product or shopper."""

    def __init__(self, staff: dict[str, str]):
        self.staff = staff
        self.random = random.Random(SEED)
        active = ModelVersion.objects.filter(state=State.ACTIVE)
        self.similar, self.personal = (active.get(role=role) for role in ("similar", "personal"))
        self.products = fetch(
            Sql(f"SELECT p.id, p.sku, p.category_id, c.name FROM catalog_product p {CATEGORY} WHERE p.id > {FIRST}")
        )

    def kinds(self) -> dict[str, Callable[[], Call]]:
        return {
            "similar": lambda: self.like_product(lambda product: ("", LISTABLE)),
            "own category": lambda: self.like_product(
                lambda product: (f"?category={quote(product[3])}", LISTABLE & Sql("p.category_id = %s", (product[2],)))
            ),
            "price, a half": lambda: self.like_product(lambda product: priced(500)),
            "price, 5 %": lambda: self.like_product(lambda product: priced(50)),
            "price, .5 %": lambda: self.like_product(lambda product: priced(5)),
            "personal": lambda: self.for_shopper("personal", self.random.choice(self.trained)),
            "fold-in": lambda: self.for_shopper("fold-in", f"bench-{self.random.randint(1, SHOPPERS)}"),
            "session": self.for_session,
            "popular": self.popular,
            "products/": lambda: self.listed("/api/v1/products/?page={}", rows=LISTED),
            "products page": lambda: self.listed("/products/?page={}", rows=None),
            "home page": self.home,
        }

    @cached_property
    def trained(self) -> list[str]:
        known = Shopper.objects.filter(vectors__version=self.personal, account=None)
        return list(known.order_by("pk").values_list("key", flat=True))

    def like_product(self, filtered: Callable[[Sequence], tuple[str, Sql]]) -> Call:
        product = self.random.choice(self.products)
        query, where = filtered(product)
        vector = nearest.vectors_of(self.similar, [product[0]])[product[0]]
        ways = self.nearest(self.similar, vector, where & Sql("p.id <> %s", (product[0],)))
        return Call(f"/api/v1/products/{product[1]}/similar/{query}", ways)

    def for_shopper(self, strategy: str, key: str) -> Call:
        shopper = Shopper.objects.get(key=key)
        plan = recommend.for_shopper(shopper, RecommendationQuery()).plan
        assert plan.strategy == strategy, (key, plan.strategy)
        new = Sql("p.id NOT IN (SELECT x.product_id FROM catalog_interaction x WHERE x.shopper_id = %s)", (shopper.pk,))
        ways = self.nearest(self.personal, plan.vector, LISTABLE & new)
        return Call(f"/api/v1/users/{key}/recommendations/", ways, headers=self.staff)

    def for_session(self) -> Call:
        seen, now = self.random.sample(self.products, 3), timezone.now()
        activities = history.activities_of_events([(product[0], Kind.VIEW, now) for product in seen])
        plan = recommend.for_guest(activities, RecommendationQuery()).plan
        assert plan.strategy == "session", plan.strategy
        others = Sql("p.id <> ALL(%s)", ([product[0] for product in seen],))
        ways = self.nearest(plan.version, plan.vector, LISTABLE & others)
        events = [{"sku": product[1], "kind": "view"} for product in seen]
        return Call("/api/v1/recommendations/session/", ways, body={"events": events})

    def popular(self) -> Call:
        return Call("/api/v1/me/recommendations/", {"index": [most_popular()]})

    def listed(self, path: str, rows: int | None) -> Call:
        number = self.random.randint(1, 40)
        order = f"p.created_at DESC, p.id DESC LIMIT {LISTED} OFFSET {(number - 1) * LISTED}"
        page = Sql(f"SELECT {ROW} WHERE {VISIBLE.text} ORDER BY {order}")
        return Call(path.format(number), {"index": [page, COUNTS]}, rows=rows)

    def home(self) -> Call:
        newest = Sql(f"SELECT {ROW} WHERE {LISTABLE.text} ORDER BY p.created_at DESC, p.id DESC LIMIT {SHOWN}")
        return Call("/", {"index": [newest, COUNTS, most_popular()]}, rows=None)

    def nearest(self, version, vector, where: Sql) -> dict[str, Sequence[Sql]]:
        """Return the statements for all that a list shows of the nearest: by the index, or by comparing with all."""
        ways = {}
        for way in ("index", "exact"):
            near = nearest.nearest_sql(version, vector, SHOWN, among=where, exact=way == "exact")
            before = nearest.set_ef_search(nearest.ef_search(version)) if way == "index" else ""
            text = f"{before}SELECT near.distance, {ROW} JOIN ({near.text}) near ON near.product_id = p.id ORDER BY 1"
            ways[way] = [Sql(text, near.params)]
        return ways


def priced(most: int) -> tuple[str, Sql]:
    return f"?max_price={most}", LISTABLE & Sql(f"p.price <= {most}")


def most_popular() -> Sql:
    return Sql(
        f"SELECT y.shoppers, {ROW} JOIN recommender_popularity y ON y.product_id = p.id WHERE {LISTABLE.text}"
        f" ORDER BY y.shoppers DESC, y.product_id DESC LIMIT {SHOWN}"
    )


def run(url: str) -> dict:
    """Milliseconds over HTTP and by SQL, and their ratio, of each kind of call."""
    client = Client(url)
    staff = client.staff()
    found = {}
    for name, make in Cases(staff).kinds().items():
        found[name] = compare(client, make)
        print(f"{name:18}", found[name], file=sys.stderr, flush=True)
    return found | {"1,000 interactions": compare_writes(client, staff)}


def compare(client: Client, make: Callable[[], Call]) -> dict:
    way = quickest([make() for _ in range(TRIALS)])
    client.call(make())
    times: dict[str, list[float]] = {"http": [], "sql": []}
    for number in range(CALLS):
        call = make()
        for each in alternately(number):
            times[each].append(timed(client.call, call) if each == "http" else timed(read, call.ways[way]))
    return summary(times) | {"statement": way}


def compare_writes(client: Client, staff: dict[str, str]) -> dict:
    """Requests with 1,000 interactions of guests, against an INSERT of as many."""
    skus = [sku for (sku,) in fetch(Sql(f"SELECT sku FROM catalog_product WHERE id > {FIRST} ORDER BY id LIMIT 1000"))]
    times: dict[str, list[float]] = {"http": [], "sql": []}
    for number in range(WRITES):
        events = [{"session": uuid.uuid4().hex, "sku": sku, "kind": "view", "id": uuid.uuid4().hex} for sku in skus]
        columns = [[event[name] for event in events] for name in ("session", "id")]
        for each in alternately(number):
            work = (client.send, "/api/v1/interactions/", events, staff) if each == "http" else (insert, *columns)
            times[each].append(timed(*work))
    return summary(times) | {"statement": "insert"}


def insert(sessions: list[str], ids: list[str]) -> None:
    statement = (
        "INSERT INTO catalog_interaction (session, product_id, kind, occurred_at, event_id, placement, recorded_at)"
        f" SELECT session, {FIRST} + number, 'view', now(), id, '', now()"
        " FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS event (session, id, number) ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, (["sql-" + session[4:] for session in sessions], ids))


def quickest(calls: Sequence[Call]) -> str:
    """Return the way to read the rows that takes least and finds all of them."""
    ways = list(calls[0].ways)
    if len(ways) == 1:
        return ways[0]
    times = {way: [timed(read, call.ways[way]) for call in calls] for way in ways}
    full = [way for way in ways if all(len(read(call.ways[way])) == SHOWN for call in calls)]
    return min(full, key=lambda way: statistics.median(times[way]))


def read(statements: Sequence[Sql]) -> list:
    return [row for statement in statements for row in fetch(statement)]


def alternately(number: int) -> Iterator[str]:
    return iter(("http", "sql") if number % 2 else ("sql", "http"))


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Return milliseconds."""
    began = time.perf_counter()
    work(*arguments)
    return (time.perf_counter() - began) * 1000


def summary(times: dict[str, list[float]]) -> dict:
    medians = {way: statistics.median(laps) for way, laps in times.items()}
    return {way: round(median, 2) for way, median in medians.items()} | {
        "ratio": round(medians["http"] / medians["sql"], 2)
    }
