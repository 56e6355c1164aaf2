"""Replay: what last week's requests would have been answered by two versions of a role. Run by a worker."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypedDict

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.models import Product
from recommender import broker
from recommender.audits import last_week, off_policy, paired, together
from recommender.audits.last_week import Request, shared_share
from recommender.audits.models import Replay
from recommender.audits.off_policy import OffPolicy
from recommender.audits.paired import Difference, Mean
from recommender.errors import VersionNotReady
from recommender.models import EMBEDDING_ROLES, SERVABLE, ModelVersion, Role

SECONDS = 30.0  # after which a replay begins no further request
LOST = timedelta(minutes=5)  # after its start a replay that is not finished is begun anew
GIVEN_UP = timedelta(hours=1)  # after which it is not
AGE = timedelta(days=30)  # after which it is deleted
MOST_NAMED = 12  # products and categories

Pair = tuple[list[Product], list[Product]]


class Counts(TypedDict):
    """Numbers of times that both versions show a product or a category."""

    name: str
    title: str
    counts: list[int]


class Figures(TypedDict):
    """Outcome of a replay; of two values the first is the first version's."""

    requests: int
    left_out: int  # for which there was no time
    same: int  # requests with the same products in the same order
    shared: Mean | None  # share of the products that is in both lists; null without requests
    first_differs: int  # requests with another product in the first place
    empty: list[int]
    products: list[int]  # how many different ones are shown: coverage
    shown: int  # how many could be
    placements: list[tuple[str, int, float]]  # placement, requests and the mean share that is in both lists
    categories: list[Counts]
    lost: list[Counts]
    gained: list[Counts]
    measures: list[Difference]
    off_policy: OffPolicy | None  # of similar styles; missing in replays from before there was one


def check_comparable(first: ModelVersion, second: ModelVersion) -> None:
    """Raise VersionNotReady unless two versions are trained and of one role."""
    if first.role != second.role:
        roles = first.get_role_display(), second.get_role_display()
        raise VersionNotReady(f"{first} is for {roles[0]}, {second} for {roles[1]}")
    for version in (first, second):
        if version.state not in SERVABLE:
            raise VersionNotReady(f"{version} is {version.state}, not trained")


def request(first: ModelVersion, second: ModelVersion, by: str) -> Replay:
    """Queue a replay and return it; one that is not finished is returned as it is. Raises VersionNotReady."""
    check_comparable(first, second)
    if first.role not in EMBEDDING_ROLES:
        raise VersionNotReady(f"{first} is for {first.get_role_display()}, of which there are no lists")
    fields = {"first": first, "second": second, "finished_at": None}
    waiting = Replay.objects.filter(**fields, created_at__gt=timezone.now() - GIVEN_UP).first()
    if waiting:
        return waiting
    Replay.objects.filter(**fields).delete()
    try:
        with transaction.atomic():
            queued = Replay.objects.create(first=first, second=second, by=by)
            transaction.on_commit(partial(broker.send, "replay_requests", queued.pk, priority=broker.UPLOADS))
    except IntegrityError:  # of two requests at once
        return Replay.objects.get(**fields)
    return queued


def latest(first: ModelVersion, second: ModelVersion) -> Replay | None:
    """Return the last replay of two versions, finished or not."""
    return Replay.objects.filter(first=first, second=second).first()


def resend() -> None:
    """Send replays to the workers again that nobody works on; delete old ones."""
    now = timezone.now()
    open_ones = Replay.objects.filter(finished_at=None, created_at__gt=now - GIVEN_UP)
    for replay in open_ones.filter(Q(started_at=None) | Q(started_at__lt=now - LOST)).order_by("pk"):
        broker.send("replay_requests", replay.pk, priority=broker.UPLOADS)
    Replay.objects.filter(created_at__lt=now - AGE).delete()


def run(pk: int) -> None:
    """Compute a replay, unless another worker does or its versions are gone."""
    now = timezone.now()
    free = Replay.objects.filter(Q(started_at=None) | Q(started_at__lt=now - LOST), pk=pk, finished_at=None)
    if not free.update(started_at=now):
        return
    replay = Replay.objects.select_related("first", "second").get(pk=pk)
    figures = compare(replay.first, replay.second)
    Replay.objects.filter(pk=pk).update(figures=figures, finished_at=timezone.now())


def compare(first: ModelVersion, second: ModelVersion) -> Figures:
    """Return what changes for last week's requests from one version to another of its role."""
    started = time.monotonic()
    requests, lists = last_week.requests_of(first.role), []
    for each in requests:
        if time.monotonic() - started > SECONDS:
            break
        lists.append((last_week.recommended(first, each), last_week.recommended(second, each)))
    done = requests[: len(lists)]
    measured = paired.agreement(done, lists)
    if first.role == Role.PERSONAL:
        measured += paired.taken_since(first, second)
    figures = figures_of(done, lists)
    if first.role == Role.SIMILAR:
        measured += together.differences(first, second)
        figures["off_policy"] = off_policy.compare(first, second)
    figures["left_out"], figures["measures"] = len(requests) - len(done), measured
    return figures


def figures_of(requests: Sequence[Request], lists: Sequence[Pair]) -> Figures:
    """Return the figures of lists by two versions, without measures."""
    shares = [shared_share(*pair) for pair in lists]
    ids = [tuple([product.pk for product in products] for products in pair) for pair in lists]
    placements: dict[str, list[float]] = {}
    for each, share in zip(requests, shares, strict=True):
        placements.setdefault(each.query.placement, []).append(share)
    products = changes(lists, lambda product: (product.sku, product.title))
    return {
        "requests": len(lists),
        "left_out": 0,
        "same": sum(own == other for own, other in ids),
        "shared": paired.mean(shares) if shares else None,
        "first_differs": sum(own[:1] != other[:1] for own, other in ids),
        "empty": [sum(not pair[side] for pair in lists) for side in (0, 1)],
        "products": [len({product.pk for pair in lists for product in pair[side]}) for side in (0, 1)],
        "shown": Product.objects.visible().in_stock().count(),
        "placements": [(name, len(own), sum(own) / len(own)) for name, own in sorted(placements.items())],
        "categories": changes(lists, lambda product: (product.category.name, product.category.name))[:MOST_NAMED],
        "lost": [each for each in products if each["counts"][1] < each["counts"][0]][:MOST_NAMED],
        "gained": [each for each in products if each["counts"][1] > each["counts"][0]][:MOST_NAMED],
        "measures": [],
        "off_policy": None,
    }


def changes(lists: Sequence[Pair], named: Callable[[Product], tuple[str, str]]) -> list[Counts]:
    """Count how often each version shows what, by name and title; those that change most come first."""
    counts = [Counter(named(product) for pair in lists for product in pair[side]) for side in (0, 1)]
    names = sorted({*counts[0], *counts[1]}, key=lambda each: (-abs(counts[0][each] - counts[1][each]), each))
    return [{"name": name, "title": title, "counts": [each[name, title] for each in counts]} for name, title in names]
