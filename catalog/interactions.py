"""What is done with interactions: record, judge, withdraw, merge, forget."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from catalog.models import Interaction, Kind, MergedSession, Product, Shopper
from catalog.queries import interactions_of, verdict
from catalog.signals import interactions_recorded, shopper_history_deleted
from catalog.visitors import Visitor

CLOCK_SKEW = timedelta(minutes=5)  # how far ahead a caller's clock may be
VISIT = timedelta(minutes=30)  # a product looked at again within this is the same visit
BATCH = 1000
SIMULATED = "sim-"  # how the ids of simulated events begin


@dataclass(frozen=True)
class Event:
    """One interaction as a caller tells it; exactly one of `user` and `session` is set."""

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
class Recorded:
    accepted: int
    duplicates: int
    rejected: dict[int, dict[str, list[str]]]  # place in the list -> field -> reasons


@transaction.atomic
def record(events: Sequence[Event], *, is_simulated: bool = False) -> Recorded:
    """Store events; shoppers not met before are made. The same id from the same shopper or session counts once."""
    now = timezone.now()
    product_ids = dict(Product.objects.filter(sku__in={event.sku for event in events}).values_list("sku", "pk"))
    rejected = {}
    for index, event in enumerate(events):
        errors = {}
        if event.sku not in product_ids:
            errors["sku"] = [f"There is no product {event.sku!r}."]
        if event.timestamp and event.timestamp > now + CLOCK_SKEW:
            errors["timestamp"] = [f"{event.timestamp.isoformat()} is in the future."]
        if errors:
            rejected[index] = errors
    kept = [event for index, event in enumerate(events) if index not in rejected]
    shopper_ids = shoppers_by_key({event.user for event in kept if event.user}, is_simulated=is_simulated)
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
        for event in kept
    ]
    fresh = without_duplicates(rows)
    # The constraint has the last word: of two senders of one id at once, one is passed over here.
    Interaction.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    interactions_recorded.send(
        sender=Interaction,
        shopper_ids={row.shopper_id for row in fresh if row.shopper_id},
        sessions={row.session for row in fresh if row.session},
    )
    return Recorded(accepted=len(fresh), duplicates=len(rows) - len(fresh), rejected=rejected)


def shoppers_by_key(keys: set[str], *, is_simulated: bool) -> dict[str, int]:
    """The ids of the shoppers with these keys, made where they are new."""
    Shopper.objects.bulk_create(
        [Shopper(key=key, is_simulated=is_simulated) for key in sorted(keys)], ignore_conflicts=True
    )
    return dict(Shopper.objects.filter(key__in=keys).values_list("key", "pk"))


def without_duplicates(rows: list[Interaction]) -> list[Interaction]:
    """Those rows whose id is neither stored already nor met earlier in the list; rows without an id are all kept."""
    named = [row for row in rows if row.event_id]
    seen = set(
        Interaction.objects.filter(
            Q(shopper__in={row.shopper_id for row in named if row.shopper_id})
            | Q(session__in={row.session for row in named if row.session}),
            event_id__in={row.event_id for row in named},
        ).values_list("shopper_id", "session", "event_id")
    )
    fresh = []
    for row in rows:
        key = (row.shopper_id, row.session, row.event_id)
        if not row.event_id:
            fresh.append(row)
        elif key not in seen:
            seen.add(key)
            fresh.append(row)
    return fresh


def record_visit(
    visitor: Visitor, product: Product, *, recommendation_id: uuid.UUID | None = None, position: int | None = None
) -> None:
    """The product's page was opened: a click where a recommendation led there, else a view, once a visit."""
    if recommendation_id:
        kind, event_id = Kind.CLICK, f"{recommendation_id}:{product.pk}"  # the same link again counts once
    elif seen_lately(visitor, product):
        return
    else:
        kind, event_id = Kind.VIEW, ""
    record([event_of(visitor, product, kind, id=event_id, recommendation_id=recommendation_id, position=position)])


def seen_lately(visitor: Visitor, product: Product) -> bool:
    return (
        interactions_of(shopper=visitor.shopper, session=visitor.session)
        .filter(product=product, kind__in=[Kind.VIEW, Kind.CLICK], occurred_at__gt=timezone.now() - VISIT)
        .exists()
    )


@transaction.atomic
def judge(visitor: Visitor, product: Product, kind: Kind) -> None:
    """The visitor's like or dislike, in place of what they said of this product before."""
    if verdict(shopper=visitor.shopper, session=visitor.session, product=product) == kind:
        return
    withdraw(visitor, product)
    record([event_of(visitor, product, kind)])


def withdraw(visitor: Visitor, product: Product) -> int:
    """Remove the visitor's own likes and dislikes of this product; returns how many."""
    verdicts = interactions_of(shopper=visitor.shopper, session=visitor.session).filter(
        product=product, kind__in=[Kind.LIKE, Kind.DISLIKE]
    )
    return verdicts.delete()[0]


def event_of(visitor: Visitor, product: Product, kind: Kind, **details) -> Event:
    user = visitor.shopper.key if visitor.shopper else ""
    return Event(sku=product.sku, kind=kind, user=user, session=visitor.session, **details)


@transaction.atomic
def merge_guest(session: str, shopper: Shopper) -> int:
    """Make what a guest's session did this shopper's; returns how many interactions came to the shopper.

    One whose id the shopper has already is the same event, and counts once. What comes is recorded of the shopper now:
    a model that was trained before has not learnt from it. A second run finds nothing and changes nothing.
    """
    # Locked, so that of two merges at once the later finds nothing. Copied rather than changed in place, so that an
    # event that arrives meanwhile under both names is passed over by the constraint and does not break the merge.
    theirs = list(Interaction.objects.filter(session=session).order_by("pk").select_for_update()) if session else []
    if not theirs:
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
        for row in theirs
    ]
    fresh = without_duplicates(copies)
    Interaction.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    Interaction.objects.filter(pk__in=[row.pk for row in theirs]).delete()
    MergedSession.objects.update_or_create(session=session, defaults={"shopper": shopper})
    interactions_recorded.send(sender=Interaction, shopper_ids={shopper.pk}, sessions={session})
    return len(fresh)


@transaction.atomic
def delete_simulated_interactions() -> int:
    """Remove what simulation had its shoppers do; what a person did in the name of one stays."""
    # By their ids: joined, and without statistics yet, the planner took a minute for 25,000 rows.
    shoppers = list(Shopper.objects.filter(is_simulated=True).values_list("pk", flat=True))
    return Interaction.objects.filter(shopper__in=shoppers, event_id__startswith=SIMULATED).delete()[0]


@transaction.atomic
def delete_idle_simulated_shoppers(staying: Collection[str]) -> int:
    """Remove simulated shoppers who did nothing and are not among these keys; returns how many.

    Whoever is an account's stays, and whoever a person did something in the name of.
    """
    did = Interaction.objects.filter(shopper=OuterRef("pk"))
    leaving = Shopper.objects.filter(~Exists(did), is_simulated=True, account=None).exclude(key__in=staying)
    _, counts = leaving.delete()
    return counts.get(Shopper._meta.label, 0)


def delete_history(shopper: Shopper) -> int:
    """Remove all that this shopper did, and tell whoever learnt from it; returns how many interactions."""
    count, _ = shopper.interactions.all().delete()
    shopper.merged_sessions.all().delete()
    shopper_history_deleted.send(sender=Shopper, shopper_id=shopper.pk)
    return count
