"""A design's life: asked for, claimed, followed, finished; cancelled, expired, deleted."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pglock
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog import visitors
from catalog.models import Category, Product, Shopper
from recommender import broker, leases
from recommender.errors import (
    BlindTaste,
    DesignCancelled,
    DesignNotReady,
    NoActiveVersion,
    TooLittleHistory,
    TooManyDesigns,
    UnknownToGenerator,
)
from recommender.models import LIVE, PENDING, Design, DesignImage, ModelVersion, Role, Status
from recommender.serving import history
from recommender.serving.history import History
from recommender.versions import methods, queries
from recommender.versions.vectors import nearest

MOST_PICTURES = 24
MOST_ETA = 100.0
LEASE = timedelta(seconds=30)  # renewed at every step; one of two dozen pictures takes a second or two
TRIES = 3  # a design that took so many workers with it is not given to another
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Made:
    """A picture that was made, as PNG, and what was thought of it. See DesignImage."""

    kind: DesignImage.Kind
    picture: bytes
    score: float
    realism: float
    change: float | None = None
    step: int | None = None
    embedding: Sequence[float] | None = None


def request(shopper: Shopper, category: Category, *, count: int = 12, eta: float = 1.0) -> Design:
    """Have `count` new pictures of the category made for the shopper by a worker.

    eta: 0 to 100, what looking real weighs beside the taste. Raises NoActiveVersion, BlindTaste, UnknownToGenerator,
    TooLittleHistory or TooManyDesigns.
    """
    return queued(Design(shopper=shopper, category=category, count=count, eta=eta))


def request_tailoring(shopper: Shopper, product: Product, *, budget: float = 0.05) -> Design:
    """Have the product's picture brought nearer to the shopper's taste by a worker.

    budget: 0 to 1, how far it may move, as a mean over pixels. Raises as `request` does.
    """
    return queued(Design(shopper=shopper, category=product.category, product=product, count=1, budget=budget))


@transaction.atomic
def queued(design: Design) -> Design:
    generator, scorer = queries.active_or_raise(Role.DESIGN), active_scorer()
    number_of(design.category, generator)
    taste_of(design.shopper, scorer)
    check_limits(design.shopper)
    design.lease_until = timezone.now() + LEASE
    design.save(force_insert=True)
    send(design)
    return design


@dataclass(frozen=True)
class Standing:
    """What keeps a shopper from asking for designs, if anything does."""

    generator: ModelVersion | None = None  # the active one
    training: ModelVersion | None = None  # one that is being trained, where none is active
    closed: str = ""  # why nobody can, in words
    refusal: str = ""  # why this shopper cannot, in words


def standing(shopper: Shopper | None) -> Standing:
    generator = queries.active_version(Role.DESIGN)
    if generator is None:
        training = ModelVersion.objects.filter(role=Role.DESIGN, state__in=LIVE)
        return Standing(training=training.order_by("pk").last())
    try:
        taste_of(shopper, active_scorer())
    except (NoActiveVersion, BlindTaste) as error:
        return Standing(generator, closed=str(error))
    except TooLittleHistory as error:
        return Standing(generator, refusal=str(error))
    return Standing(generator)


def visible_to(account) -> QuerySet[Design]:
    """Their own; to staff, anybody's."""
    found = Design.objects.filter(is_removed=False).select_related(
        "shopper", "category", "product", "embedding_version"
    )
    return found if account.is_staff else found.filter(shopper=visitors.find_shopper(account))


def with_pictures(shopper: Shopper | None) -> QuerySet[Design]:
    """A shopper's own with something to see, or to come: their pictures come in one query more."""
    pictures = Prefetch("images", DesignImage.objects.select_related("design").defer("embedding"))
    found = of_shopper(shopper).exclude(status=Status.CANCELLED)
    return found.select_related("category", "product").prefetch_related(pictures)


def of_shopper(shopper: Shopper | None) -> QuerySet[Design]:
    """All but those that were removed."""
    return Design.objects.filter(shopper=shopper, is_removed=False)


def active_scorer() -> ModelVersion:
    """Raises NoActiveVersion or BlindTaste."""
    version = queries.active_or_raise(Role.PERSONAL)
    if not methods.sees_images(version):
        raise BlindTaste(f"{version}, which knows the shoppers' tastes, never looks at pictures")
    return version


def categories_of(generator: ModelVersion) -> QuerySet[Category]:
    """What it can make pictures of."""
    return Category.objects.filter(pk__in=generator.categories)


def number_of(category: Category, generator: ModelVersion) -> int:
    """Which of the generator's categories this is. Raises UnknownToGenerator."""
    if category.pk not in generator.categories:
        known = ", ".join(categories_of(generator).values_list("name", flat=True)) or "nothing that is left"
        raise UnknownToGenerator(f"no {category} can be made: {generator} has learnt {known}")
    return generator.categories.index(category.pk)


def taste_of(shopper: Shopper | None, scorer: ModelVersion) -> np.ndarray:
    """The shopper's taste (K,) as that personal version knows it. Raises TooLittleHistory."""
    learnt = scorer.started_at or scorer.created_at
    own = history.seen(scorer, history.of_visitor(shopper=shopper, learnt=learnt)) if shopper else History()
    liked = int((own.weights > 0).sum())
    if liked < settings.DESIGN_HISTORY:
        raise TooLittleHistory(
            f"the taste is not known well enough: {settings.DESIGN_HISTORY} products that were liked, bought or looked "
            f"at are needed, and there {'is' if liked == 1 else 'are'} {liked}"
        )
    return own.taste(scorer, nearest.trained_taste(scorer, shopper))


def check_limits(shopper: Shopper) -> None:
    """Raises TooManyDesigns. Of two requests at once the second waits here for the first."""
    pglock.advisory(f"recommender.designs.limits.{shopper.pk}", xact=True, side_effect=pglock.Raise).acquire()
    own, now = Design.objects.filter(shopper=shopper), timezone.now()
    waiting = own.filter(status__in=PENDING).count()
    if waiting >= settings.DESIGNS_PENDING:
        being = "1 design is" if waiting == 1 else f"{waiting} designs are"
        raise TooManyDesigns(f"{being} still being made; at most {settings.DESIGNS_PENDING} may wait", 10)
    lately = own.filter(created_at__gt=now - HOUR).order_by("-created_at").values_list("created_at", flat=True)
    enough = list(lately[: settings.DESIGNS_PER_HOUR])
    if len(enough) == settings.DESIGNS_PER_HOUR:
        wait = math.ceil((enough[-1] + HOUR - now).total_seconds())
        raise TooManyDesigns(f"{len(enough)} designs within an hour are as many as there may be", max(wait, 1))


def send(design: Design) -> None:
    """Leave it to a worker; without a broker the sweep will find it."""
    transaction.on_commit(lambda: broker.send("make_design", str(design.pk)))


def claim(design_id) -> Design:
    """The design, ours to make while the lease is renewed.

    Raises DesignNotReady if it is another's, or done.
    """
    free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING) & leases.is_free()
    taken = leases.hold(
        Design.objects.filter(free, pk=design_id),
        LEASE,
        status=Status.RUNNING,
        tries=F("tries") + 1,
        started_at=Coalesce("started_at", timezone.now()),
        progress=0.0,
    )
    design = Design.objects.select_related("shopper", "category", "product").filter(pk=design_id).first()
    if design is None:
        raise DesignNotReady(f"there is no design {design_id}")
    if not taken:
        raise DesignNotReady(f"{design} is {design.status}, and not to be taken up")
    if design.tries > TRIES:
        fail(design, f"its worker was lost {TRIES} times; the workers' log may say why")
        raise DesignNotReady(f"{design} is given up after {TRIES} workers")
    return design


def mine(design: Design) -> QuerySet[Design]:
    """The row, as long as nobody cancelled it, deleted it or took it up after us."""
    return Design.objects.filter(pk=design.pk, status=Status.RUNNING, tries=design.tries)


def follow(design: Design, progress: float) -> None:
    """Note how far it is, 0 to 1, and renew the lease. Raises DesignCancelled once it is no longer ours."""
    if not leases.hold(mine(design), LEASE, progress=progress):
        raise DesignCancelled(f"{design} was cancelled, or is another worker's")


def finish(design: Design, pictures: Sequence[Made]) -> None:
    """Keep the pictures: their files under names that tell nothing, then the rows. Raises DesignCancelled."""
    with transaction.atomic():
        # The row is locked from here on: whoever cancels or deletes it meanwhile waits, and finds the files.
        done = leases.release(
            mine(design),
            status=Status.DONE,
            progress=1.0,
            finished_at=timezone.now(),
            generator=design.generator,
            scorer=design.scorer,
            embedding_version=design.embedding_version,
        )
        if not done:
            raise DesignCancelled(f"{design} was cancelled, or is another worker's")
        remove_files([design])  # of a try that was lost just here
        for position, made in enumerate(pictures):
            image = DesignImage(
                design=design,
                position=position,
                kind=made.kind,
                score=made.score,
                realism=made.realism,
                change=made.change,
                step=made.step,
                embedding=made.embedding,
            )
            image.save(force_insert=True)
            default_storage.save(image.file, ContentFile(made.picture))


def fail(design: Design, reason: str) -> None:
    leases.release(mine(design), status=Status.FAILED, error=reason, finished_at=timezone.now())


def release(design: Design) -> None:
    """Let go of it unfinished: the sweep gives it to another worker."""
    leases.release(mine(design), status=Status.QUEUED)


def cancel(design: Design) -> None:
    """Stop it; its worker notices at the next step. Raises DesignNotReady once it is finished."""
    pending = Design.objects.filter(pk=design.pk, status__in=PENDING)
    if not leases.release(pending, status=Status.CANCELLED, finished_at=timezone.now()):
        design.refresh_from_db(fields=["status"])
        raise DesignNotReady(f"{design} is {design.status}; only what is not finished can be cancelled")
    design.status = Status.CANCELLED


def discard(design: Design) -> None:
    """Cancel it, or once it is finished, remove it."""
    try:
        cancel(design)
    except DesignNotReady:
        remove(design)


@transaction.atomic
def remove(design: Design) -> None:
    """Remove it from the shopper's sight, and its pictures for good; it still counts against the limit of the hour."""
    pending = Design.objects.filter(pk=design.pk, status__in=PENDING)
    leases.release(pending, status=Status.CANCELLED, finished_at=timezone.now())
    Design.objects.filter(pk=design.pk).update(is_removed=True)
    DesignImage.objects.filter(design=design).delete()
    remove_files_later(design)


def delete(chosen: QuerySet[Design]) -> int:
    """Remove designs and their pictures; returns how many. A worker at one of them notices at the next step."""
    _, counts = chosen.delete()  # the files follow: receivers.remove_pictures
    return counts.get(Design._meta.label, 0)


def expire() -> None:
    """Remove the pictures of designs of an age, and the rows of those twice as old, or removed an hour ago."""
    age = timedelta(days=settings.DESIGN_DAYS)
    now = timezone.now()
    delete(Design.objects.filter(Q(created_at__lt=now - 2 * age) | Q(created_at__lt=now - HOUR, is_removed=True)))
    old = Design.objects.filter(created_at__lt=now - age).exclude(status__in=(Status.EXPIRED, Status.RUNNING))
    for design in old:
        with transaction.atomic():
            DesignImage.objects.filter(design=design).delete()
            leases.release(Design.objects.filter(pk=design.pk), status=Status.EXPIRED)
            remove_files_later(design)


def send_what_was_left() -> None:
    """Designs that nobody answers for: their message was lost, or their worker was."""
    for design in Design.objects.filter(leases.is_free(), status__in=PENDING):
        # The lease of a lost worker stays as it is, so that the next one may claim the design.
        leases.hold(Design.objects.filter(pk=design.pk, status=Status.QUEUED), LEASE)
        send(design)


def remove_files_later(design: Design) -> None:
    """Once it is certain that the rows are gone."""
    transaction.on_commit(lambda: remove_files([design]))


def remove_files(designs: Iterable[Design]) -> None:
    for design in designs:
        if not default_storage.exists(design.folder):
            continue
        for name in default_storage.listdir(design.folder)[1]:
            default_storage.delete(f"{design.folder}/{name}")
        default_storage.delete(design.folder)
