"""Record, merge and delete interactions, likes and dislikes among them."""

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connections, router, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from catalog import locks
from catalog.models import Interaction, Kind, MergedSession, Product, Shopper
from catalog.queries import VISITS, find_exported, find_rating, interactions_of, with_public_id
from catalog.signals import interactions_recorded, shopper_history_deleted
from catalog.visitors import Visitor

CLOCK_SKEW = timedelta(minutes=5)  # how far ahead a caller's clock may be
VISIT = timedelta(minutes=30)  # a product page opened again within this time is the same visit
SIMULATED = "sim-"  # prefix of the ids of simulated events

# One parameter for all rows: to write them as VALUES takes several times as long as to insert them. The constraints say
# which ids are known, also of two senders of one id at once.
INSERT = """
    INSERT INTO catalog_interaction (
        shopper_id, session, product_id, kind, occurred_at, event_id, recommendation_id, position, placement,
        is_verified, recorded_at
    )
    SELECT shopper, session, product, kind, occurred_at, event, recommendation, position, placement, verified, %s
    FROM json_to_recordset(%s) AS event (
        shopper bigint, session text, product bigint, kind text, occurred_at timestamptz, event text,
        recommendation uuid, position integer, placement text, verified boolean
    )
    ON CONFLICT DO NOTHING
    RETURNING shopper_id, session
"""

# Deleted, so that of two merges at once the later finds nothing; and inserted rather than changed in place, so that an
# event that arrives meanwhile under both keys is passed over by the constraint and does not break the merge.
MERGE = """
    WITH taken AS (
        DELETE FROM catalog_interaction WHERE session = %s AND session <> '' RETURNING *
    ), gained AS (
        INSERT INTO catalog_interaction (
            shopper_id, session, product_id, kind, occurred_at, event_id, recommendation_id, position, placement,
            is_verified, recorded_at
        )
        SELECT %s, '', product_id, kind, occurred_at, event_id, recommendation_id, position, placement, is_verified, %s
        FROM taken ORDER BY id
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM gained)
"""


@dataclass(frozen=True)
class Event:
    """One interaction to be recorded; exactly one of `user` and `session` is set."""

    sku: str
    kind: Kind
    user: str = ""
    session: str = ""
    timestamp: datetime | None = None  # None: now
    id: str = ""
    recommendation_id: uuid.UUID | None = None
    position: int | None = None
    placement: str = ""
    is_verified: bool = False  # of a guest: sent by that guest, or for them by somebody who may; a shopper's always are


@dataclass(frozen=True)
class RecordResult:
    """Counts of what `record` stored, and what it did not with the reasons."""

    accepted: int
    duplicates: int
    rejected: dict[int, dict[str, list[str]]]  # index in the list -> field -> reasons


@locks.atomic
def record(events: Sequence[Event], *, is_simulated: bool = False) -> RecordResult:
    """Store events, and create the shoppers that are new; the same id of the same shopper or session counts once.

    An unknown SKU and a time in the future are rejected with their reasons; the other events are stored.
    """
    now = timezone.now()
    product_ids = lock_products(sku__in={event.sku for event in events})
    rejected: dict[int, dict[str, list[str]]] = {}
    for index, event in enumerate(events):
        errors: dict[str, list[str]] = {}
        if event.sku not in product_ids:
            errors["sku"] = [f"There is no product {event.sku!r}."]
        if event.timestamp and event.timestamp > now + CLOCK_SKEW:
            errors["timestamp"] = [f"{event.timestamp.isoformat()} is in the future."]
        if errors:
            rejected[index] = errors
    exported = find_exported([event.id for event in events])
    accepted = [event for index, event in enumerate(events) if index not in rejected]
    shopper_ids = get_or_create_shoppers({event.user for event in accepted if event.user}, is_simulated=is_simulated)
    new = insert(
        {
            "shopper": shopper_ids.get(event.user),
            "session": event.session,
            "product": product_ids[event.sku],
            "kind": event.kind,
            "occurred_at": (event.timestamp or now).isoformat(),
            "event": event.id,
            "recommendation": event.recommendation_id and str(event.recommendation_id),
            "position": event.position,
            "placement": event.placement,
            "verified": bool(event.user) or event.is_verified,
        }
        for event in accepted
        if event.id not in exported
    )
    interactions_recorded.send(
        sender=Interaction,
        shopper_ids={shopper for shopper, _ in new if shopper},
        sessions={session for _, session in new if session},
    )
    return RecordResult(accepted=len(new), duplicates=len(accepted) - len(new), rejected=rejected)


def lock_products(**conditions: object) -> dict[str, int]:
    """Return the ids of products by SKU; none of these can be deleted until the transaction ends."""
    return dict(locks.lock_against_deletion(Product.objects.filter(**conditions).values_list("sku", "pk")))


def get_or_create_shoppers(keys: set[str], *, is_simulated: bool) -> dict[str, int]:
    """Return the ids of the shoppers with these keys, by key; new shoppers are created."""
    found = find_shoppers(keys)
    new = sorted(keys - found.keys())
    if not new:
        return found
    Shopper.objects.bulk_create([Shopper(key=key, is_simulated=is_simulated) for key in new], ignore_conflicts=True)
    return found | find_shoppers(new)


def find_shoppers(keys: Collection[str]) -> dict[str, int]:
    """Return the ids of the shoppers with these keys, by key; none can be deleted until the transaction ends."""
    return dict(locks.lock_against_deletion(Shopper.objects.filter(key__in=keys).values_list("key", "pk")))


def insert(rows: Iterable[dict[str, object]]) -> list[tuple[int | None, str]]:
    """Write rows in one statement; return (shopper id, session) of those whose id is neither stored nor earlier here.

    rows: the columns of INSERT, as JSON has them.
    """
    with connections[router.db_for_write(Interaction)].cursor() as cursor:
        cursor.execute(INSERT, [timezone.now(), json.dumps(list(rows))])
        found: list[tuple[int | None, str]] = cursor.fetchall()
    return found


def record_visit(
    visitor: Visitor,
    product: Product,
    *,
    recommendation_id: uuid.UUID | None = None,
    position: int | None = None,
    placement: str = "",
) -> None:
    """Record that a product page was opened: as a click if a recommendation led there, else as a view, once a visit."""
    if recommendation_id:
        kind, event_id = Kind.CLICK, f"{recommendation_id}:{product.pk}"  # the same link again counts once
    elif viewed_recently(visitor, product):
        return
    else:
        kind, event_id = Kind.VIEW, ""
    event = build_event(visitor, product, kind, id=event_id)
    record([replace(event, recommendation_id=recommendation_id, position=position, placement=placement)])


def viewed_recently(visitor: Visitor, product: Product) -> bool:
    return (
        interactions_of(shopper=visitor.shopper, session=visitor.session)
        .filter(product=product, kind__in=VISITS, occurred_at__gt=timezone.now() - VISIT)
        .exists()
    )


@locks.atomic
def rate(visitor: Visitor, product: Product, kind: Kind) -> None:
    """Record the visitor's like or dislike, in place of an earlier one of this product."""
    if find_rating(shopper=visitor.shopper, session=visitor.session, product=product) == kind:
        return
    lock_products(pk=product.pk)  # before the rating that is removed, as whoever deletes the product does
    remove_rating(visitor, product)
    record([build_event(visitor, product, kind)])


def remove_rating(visitor: Visitor, product: Product) -> int:
    """Delete the visitor's likes and dislikes of this product; return how many there were."""
    ratings = interactions_of(shopper=visitor.shopper, session=visitor.session).filter(
        product=product, kind__in=[Kind.LIKE, Kind.DISLIKE]
    )
    return ratings.delete()[0]


def forget_visits(visitor: Visitor, product: Product) -> int:
    """Delete the visitor's visits to this product's page; return how many there were."""
    seen = interactions_of(shopper=visitor.shopper, session=visitor.session)
    return seen.filter(product=product, kind__in=VISITS).delete()[0]


def build_event(visitor: Visitor, product: Product, kind: Kind, *, id: str = "") -> Event:
    return Event(
        sku=product.sku,
        kind=kind,
        user=visitor.shopper.key if visitor.shopper else "",
        session=visitor.session,
        is_verified=visitor.is_verified,
        id=id,
    )


@locks.atomic
def merge_guest(session: str, shopper: Shopper) -> int:
    """Move the interactions of a guest's session to this shopper; return how many the shopper gained.

    One whose id the shopper has already is the same event, and counts once. `recorded_at` is now: a model that was
    trained before has not learnt from these interactions. A second run finds nothing and changes nothing.
    """
    lock_products(pk__in=Interaction.objects.filter(session=session).exclude(session="").values("product"))
    with connections[router.db_for_write(Interaction)].cursor() as cursor:
        cursor.execute(MERGE, [session, shopper.pk, timezone.now()])
        taken, gained = cursor.fetchone()
    if taken:
        MergedSession.objects.update_or_create(session=session, defaults={"shopper": shopper})
        interactions_recorded.send(sender=Interaction, shopper_ids={shopper.pk}, sessions={session})
    return int(gained)


@transaction.atomic
def delete_simulated_interactions() -> int:
    """Delete the simulated interactions; those that a person made in the name of a simulated shopper stay.

    Returns how many were deleted.
    """
    # By their ids: joined, and without statistics yet, the planner took a minute for 25,000 rows.
    shoppers = list(Shopper.objects.filter(is_simulated=True).values_list("pk", flat=True))
    return Interaction.objects.filter(shopper__in=shoppers, event_id__startswith=SIMULATED).delete()[0]


@transaction.atomic
def delete_idle_simulated_shoppers(keep: Collection[str]) -> int:
    """Delete simulated shoppers who have no interactions, no account and none of these keys; return how many."""
    interactions = Interaction.objects.filter(shopper=OuterRef("pk"))
    idle = Shopper.objects.filter(~Exists(interactions), is_simulated=True, account=None).exclude(key__in=keep)
    _, counts = idle.delete()
    return counts.get(Shopper._meta.label, 0)


def delete_one(rows: QuerySet[Interaction], public_id: str) -> int:
    """Delete the one of a shopper's or a guest's interactions that has this id; return how many had it.

    What a model has learnt from it stays until the next training.
    """
    return with_public_id(rows, public_id).delete()[0]


def delete_guest_history(session: str) -> int:
    """Delete the interactions of a guest, whom nothing has learnt from by name; return how many there were."""
    return interactions_of(session=session).delete()[0]


def delete_history(shopper: Shopper) -> int:
    """Delete a shopper's interactions and merged sessions, and signal it; return the number of interactions."""
    count, _ = shopper.interactions.all().delete()
    shopper.merged_sessions.all().delete()
    shopper_history_deleted.send(sender=Shopper, shopper_id=shopper.pk)
    return count
