"""Record, merge and delete interactions, likes and dislikes among them."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from catalog.models import Interaction, Kind, MergedSession, Product, Shopper
from catalog.queries import find_rating, interactions_of
from catalog.signals import interactions_recorded, shopper_history_deleted
from catalog.visitors import Visitor

CLOCK_SKEW = timedelta(minutes=5)  # how far ahead a caller's clock may be
VISIT = timedelta(minutes=30)  # a product page opened again within this time is the same visit
BATCH = 1000
SIMULATED = "sim-"  # prefix of the ids of simulated events


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


@dataclass(frozen=True)
class RecordResult:
    """Counts of what `record` stored, and what it did not with the reasons."""

    accepted: int
    duplicates: int
    rejected: dict[int, dict[str, list[str]]]  # index in the list -> field -> reasons


@transaction.atomic
def record(events: Sequence[Event], *, is_simulated: bool = False) -> RecordResult:
    """Store events, and create the shoppers that are new; the same id of the same shopper or session counts once.

    An unknown SKU and a time in the future are rejected with their reasons; the other events are stored.
    """
    now = timezone.now()
    product_ids = dict(Product.objects.filter(sku__in={event.sku for event in events}).values_list("sku", "pk"))
    rejected: dict[int, dict[str, list[str]]] = {}
    for index, event in enumerate(events):
        errors: dict[str, list[str]] = {}
        if event.sku not in product_ids:
            errors["sku"] = [f"There is no product {event.sku!r}."]
        if event.timestamp and event.timestamp > now + CLOCK_SKEW:
            errors["timestamp"] = [f"{event.timestamp.isoformat()} is in the future."]
        if errors:
            rejected[index] = errors
    accepted = [event for index, event in enumerate(events) if index not in rejected]
    shopper_ids = get_or_create_shoppers({event.user for event in accepted if event.user}, is_simulated=is_simulated)
    rows = [
        Interaction(
            shopper_id=shopper_ids.get(event.user),
            session=event.session,
            product_id=product_ids[event.sku],
            kind=event.kind,
            occurred_at=event.timestamp or now,
            event_id=event.id,
            recommendation_id=event.recommendation_id,
            position=event.position,
            placement=event.placement,
        )
        for event in accepted
    ]
    new = drop_duplicates(rows)
    # The constraint has the last word: of two senders of one id at once, one is passed over here.
    Interaction.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    interactions_recorded.send(
        sender=Interaction,
        shopper_ids={row.shopper_id for row in new if row.shopper_id},
        sessions={row.session for row in new if row.session},
    )
    return RecordResult(accepted=len(new), duplicates=len(rows) - len(new), rejected=rejected)


def get_or_create_shoppers(keys: set[str], *, is_simulated: bool) -> dict[str, int]:
    """Return the ids of the shoppers with these keys, by key; new shoppers are created."""
    Shopper.objects.bulk_create(
        [Shopper(key=key, is_simulated=is_simulated) for key in sorted(keys)], ignore_conflicts=True
    )
    return dict(Shopper.objects.filter(key__in=keys).values_list("key", "pk"))


def drop_duplicates(rows: list[Interaction]) -> list[Interaction]:
    """Return the rows whose id is neither stored already nor earlier in the list; rows without an id all stay."""
    with_id = [row for row in rows if row.event_id]
    seen: set[tuple[int | None, str, str]] = set(
        Interaction.objects.filter(
            Q(shopper__in={row.shopper_id for row in with_id if row.shopper_id})
            | Q(session__in={row.session for row in with_id if row.session}),
            event_id__in={row.event_id for row in with_id},
        ).values_list("shopper_id", "session", "event_id")
    )
    new = []
    for row in rows:
        key = (row.shopper_id, row.session, row.event_id)
        if not row.event_id:
            new.append(row)
        elif key not in seen:
            seen.add(key)
            new.append(row)
    return new


def record_visit(
    visitor: Visitor, product: Product, *, recommendation_id: uuid.UUID | None = None, position: int | None = None
) -> None:
    """Record that a product page was opened: as a click if a recommendation led there, else as a view, once a visit."""
    if recommendation_id:
        kind, event_id = Kind.CLICK, f"{recommendation_id}:{product.pk}"  # the same link again counts once
    elif viewed_recently(visitor, product):
        return
    else:
        kind, event_id = Kind.VIEW, ""
    record([build_event(visitor, product, kind, id=event_id, recommendation_id=recommendation_id, position=position)])


def viewed_recently(visitor: Visitor, product: Product) -> bool:
    return (
        interactions_of(shopper=visitor.shopper, session=visitor.session)
        .filter(product=product, kind__in=[Kind.VIEW, Kind.CLICK], occurred_at__gt=timezone.now() - VISIT)
        .exists()
    )


@transaction.atomic
def rate(visitor: Visitor, product: Product, kind: Kind) -> None:
    """Record the visitor's like or dislike, in place of an earlier one of this product."""
    if find_rating(shopper=visitor.shopper, session=visitor.session, product=product) == kind:
        return
    remove_rating(visitor, product)
    record([build_event(visitor, product, kind)])


def remove_rating(visitor: Visitor, product: Product) -> int:
    """Delete the visitor's likes and dislikes of this product; return how many there were."""
    ratings = interactions_of(shopper=visitor.shopper, session=visitor.session).filter(
        product=product, kind__in=[Kind.LIKE, Kind.DISLIKE]
    )
    return ratings.delete()[0]


def build_event(
    visitor: Visitor,
    product: Product,
    kind: Kind,
    *,
    id: str = "",
    recommendation_id: uuid.UUID | None = None,
    position: int | None = None,
) -> Event:
    return Event(
        sku=product.sku,
        kind=kind,
        user=visitor.shopper.key if visitor.shopper else "",
        session=visitor.session,
        id=id,
        recommendation_id=recommendation_id,
        position=position,
    )


@transaction.atomic
def merge_guest(session: str, shopper: Shopper) -> int:
    """Move the interactions of a guest's session to this shopper; return how many the shopper gained.

    One whose id the shopper has already is the same event, and counts once. `recorded_at` is now: a model that was
    trained before has not learnt from these interactions. A second run finds nothing and changes nothing.
    """
    # Locked, so that of two merges at once the later finds nothing. Copied rather than changed in place, so that an
    # event that arrives meanwhile under both keys is passed over by the constraint and does not break the merge.
    guest_rows = list(Interaction.objects.filter(session=session).order_by("pk").select_for_update()) if session else []
    if not guest_rows:
        return 0
    copies = [
        Interaction(
            shopper=shopper,
            product_id=row.product_id,
            kind=row.kind,
            occurred_at=row.occurred_at,
            event_id=row.event_id,
            recommendation_id=row.recommendation_id,
            position=row.position,
            placement=row.placement,
        )
        for row in guest_rows
    ]
    new = drop_duplicates(copies)
    Interaction.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    Interaction.objects.filter(pk__in=[row.pk for row in guest_rows]).delete()
    MergedSession.objects.update_or_create(session=session, defaults={"shopper": shopper})
    interactions_recorded.send(sender=Interaction, shopper_ids={shopper.pk}, sessions={session})
    return len(new)


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


def delete_history(shopper: Shopper) -> int:
    """Delete a shopper's interactions and merged sessions, and signal it; return the number of interactions."""
    count, _ = shopper.interactions.all().delete()
    shopper.merged_sessions.all().delete()
    shopper_history_deleted.send(sender=Shopper, shopper_id=shopper.pk)
    return count
