"""The lifecycle of a design: requested, claimed, followed, finished; cancelled, removed, expired, deleted."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import numpy as np
import pglock
from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog import files, visitors
from catalog.models import Category, Product, Shopper
from recommender import broker, leases
from recommender.errors import (
    CategoryNotLearned,
    DesignCancelled,
    DesignNotReady,
    NoActiveVersion,
    ScorerIgnoresImages,
    TooLittleHistory,
    TooManyDesigns,
)
from recommender.models import LIVE, PENDING, Design, DesignImage, ModelVersion, Role, Status
from recommender.serving import history
from recommender.serving.history import History
from recommender.versions import methods, queries
from recommender.versions.vectors import nearest
from recommender.webhooks.models import Event
from recommender.webhooks.outbox import emit

MOST_IMAGES = 24
MOST_ETA = 100.0
LEASE = timedelta(seconds=15)  # of a worker, which renews it
MESSAGE = timedelta(seconds=30)  # after which a message that no worker has taken is sent again
TRIES = 3  # workers; a design during which so many were lost is not given to another
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class GeneratedImage:
    """A generated image, with its scores. See DesignImage."""

    kind: DesignImage.Kind
    png: bytes
    score: float
    realism: float
    change: float | None = None
    step: int | None = None
    embedding: Sequence[float] | None = None


def request(shopper: Shopper, category: Category, *, count: int = 12, eta: float = 1.0) -> Design:
    """Queue a design of `count` new images of the category, generated for the shopper's taste.

    eta: 0 to 100, the weight of realism; the taste has weight 1. Raises NoActiveVersion, ScorerIgnoresImages,
    CategoryNotLearned, TooLittleHistory or TooManyDesigns.
    """
    return _queue(Design(shopper=shopper, category=category, count=count, eta=eta))


def request_tailoring(shopper: Shopper, product: Product, *, budget: float = 0.05) -> Design:
    """Queue a design that changes the product's image towards the shopper's taste.

    budget: 0 to 1, the largest change, as a mean over pixels. Raises as `request` does.
    """
    return _queue(Design(shopper=shopper, category=product.category, product=product, count=1, budget=budget))


@transaction.atomic
def _queue(design: Design) -> Design:
    generator, scorer = queries.active_or_raise(Role.DESIGN), active_scorer()
    class_index(design.category, generator)
    taste_of(design.shopper, scorer)
    check_limits(design.shopper)
    design.save(force_insert=True)
    leases.hold(Design.objects.filter(pk=design.pk), MESSAGE)
    send(design)
    return design


@dataclass(frozen=True)
class Availability:
    """The conditions for designs: an active generator, and reasons why designs cannot be requested."""

    generator: ModelVersion | None = None  # the active one
    training: ModelVersion | None = None  # one that is being trained, if none is active
    closed: str = ""  # why nobody can, in words
    refusal: str = ""  # why this shopper cannot, in words


def availability(shopper: Shopper | None) -> Availability:
    """Return whether the shopper can request designs, and if not, why."""
    generator = queries.active_version(Role.DESIGN)
    if generator is None:
        training = ModelVersion.objects.filter(role=Role.DESIGN, state__in=LIVE)
        return Availability(training=training.order_by("pk").last())
    try:
        taste_of(shopper, active_scorer())
    except (NoActiveVersion, ScorerIgnoresImages) as error:
        return Availability(generator, closed=str(error))
    except TooLittleHistory as error:
        return Availability(generator, refusal=str(error))
    return Availability(generator)


def remaining() -> QuerySet[Design]:
    """Return the designs of all shoppers, without those that were removed."""
    related = ("shopper", "category", "product", "embedding_version")
    return Design.objects.filter(is_removed=False).select_related(*related)


def within_reach(account: AbstractUser | AnonymousUser, permission: str) -> QuerySet[Design]:
    """Return the designs that an account may act on: those of its shopper; for staff with the permission, all."""
    found = remaining()
    if visitors.is_permitted_staff(account, permission):
        return found
    return found.filter(shopper=visitors.find_shopper(account)) if isinstance(account, AbstractUser) else found.none()


def designs_with_images(shopper: Shopper | None) -> QuerySet[Design]:
    """Return a shopper's designs that have images, or will have; the images come in one query more."""
    images = Prefetch("images", DesignImage.objects.select_related("design").defer("embedding"))
    found = designs_of(shopper).exclude(status=Status.CANCELLED)
    return found.select_related("category", "product").prefetch_related(images)


def designs_of(shopper: Shopper | None) -> QuerySet[Design]:
    """Return a shopper's designs, without those that were removed."""
    return Design.objects.filter(shopper=shopper, is_removed=False)


def active_scorer() -> ModelVersion:
    """Return the personal version that scores designs. Raises NoActiveVersion or ScorerIgnoresImages."""
    version = queries.active_or_raise(Role.PERSONAL)
    if not methods.sees_images(version):
        raise ScorerIgnoresImages(f"{version}, the active personal version, ignores pictures and cannot score designs")
    return version


def categories_of(generator: ModelVersion) -> QuerySet[Category]:
    """Return the categories that a version can generate images of."""
    return Category.objects.filter(pk__in=generator.categories)


def class_index(category: Category, generator: ModelVersion) -> int:
    """Return the category's index among the generator's classes. Raises CategoryNotLearned."""
    learned: list[int] = generator.categories
    if category.pk not in learned:
        known = ", ".join(categories_of(generator).values_list("name", flat=True)) or "nothing that is left"
        raise CategoryNotLearned(f"no {category} can be generated: {generator} has learned {known}")
    return learned.index(category.pk)


def taste_of(shopper: Shopper | None, scorer: ModelVersion) -> np.ndarray:
    """Estimate the shopper's taste (K,) by that personal version. Raises TooLittleHistory."""
    learnt = scorer.started_at or scorer.created_at
    own = (
        history.load_history(scorer, history.read_activities(shopper=shopper, learnt=learnt)) if shopper else History()
    )
    liked = int((own.weights > 0).sum())
    if shopper is None or liked < settings.DESIGN_HISTORY:
        raise TooLittleHistory(
            f"the taste is not known well enough: {settings.DESIGN_HISTORY} products that were liked, bought or looked "
            f"at are needed, and there {'is' if liked == 1 else 'are'} {liked}"
        )
    return own.taste(scorer, nearest.trained_taste(scorer, shopper))


def check_limits(shopper: Shopper) -> None:
    """Raise TooManyDesigns if the shopper may not request another; of two requests at once the second waits here."""
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
        raise TooManyDesigns(f"the limit of {len(enough)} designs an hour is reached", max(wait, 1))


def send(design: Design) -> None:
    """Send a design to a worker once the transaction is committed; without a broker the sweep will find it."""
    transaction.on_commit(lambda: broker.send("make_design", str(design.pk)))


def claim(design_id: str | UUID) -> Design:
    """Take the lease of a design, to generate it while the lease is renewed.

    Raises DesignNotReady if another worker has it, or it is done.
    """
    design = leases.claim(
        Design.objects.filter(Q(status=Status.QUEUED) | Q(status=Status.RUNNING) & leases.is_free()),
        design_id,
        LEASE,
        status=Status.RUNNING,
        tries=F("tries") + 1,
        started_at=Coalesce("started_at", timezone.now()),
        progress=0.0,
    )
    if design is None:
        found = Design.objects.filter(pk=design_id).first()
        if found is None:
            raise DesignNotReady(f"there is no design {design_id}")
        raise DesignNotReady(f"{found} is {found.status}; a worker can claim only a design that waits for one")
    if design.tries > TRIES:
        fail(design, f"its worker was lost {TRIES} times; the workers' log may say why")
        raise DesignNotReady(f"{design} has failed: {TRIES} workers were lost")
    return design


def _held(design: Design) -> QuerySet[Design]:
    """Return the claimed row, unless it was cancelled, deleted or claimed by another worker since."""
    return leases.held(design).filter(status=Status.RUNNING)


def renew(design: Design) -> bool:
    """Renew the lease of a design; return False once it was cancelled, is finished or is another worker's."""
    return leases.hold(_held(design), LEASE)


def follow(design: Design, progress: float) -> None:
    """Save the progress, 0 to 1, and renew the lease.

    Raises DesignCancelled if the design was cancelled, or another worker has it.
    """
    if not leases.hold(_held(design), LEASE, progress=progress):
        raise DesignCancelled(f"{design} was cancelled, or is another worker's")


def finish(design: Design, images: Sequence[GeneratedImage]) -> None:
    """Save the images: rows, and files under names that nobody can guess. Raises DesignCancelled."""
    with transaction.atomic():
        # The row is locked from here on: whoever cancels or deletes it meanwhile waits, and finds the files.
        done = leases.release(
            _held(design),
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
        for position, generated in enumerate(images):
            image = DesignImage(
                design=design,
                position=position,
                kind=generated.kind,
                score=generated.score,
                realism=generated.realism,
                change=generated.change,
                step=generated.step,
                embedding=generated.embedding,
            )
            image.save(force_insert=True)
            default_storage.save(image.file, ContentFile(generated.png))
        emit(Event.DESIGNED, lambda: describe(design, Status.DONE))


@transaction.atomic
def fail(design: Design, reason: str) -> None:
    """Save why a design cannot be generated."""
    if leases.release(_held(design), status=Status.FAILED, error=reason, finished_at=timezone.now()):
        emit(Event.DESIGNED, lambda: {**describe(design, Status.FAILED), "error": reason})


def describe(design: Design, status: Status) -> dict[str, object]:
    """Return what a webhook is told of a design."""
    return {"id": design.pk, "user": design.shopper.key, "status": status}


def release(design: Design) -> None:
    """Release an unfinished design, which another worker can claim at once; its worker is not counted as lost."""
    leases.release(_held(design), status=Status.QUEUED, tries=F("tries") - 1)


def postpone(design: Design) -> None:
    """Release a design whose images cannot be stored just now, for another try later; no worker is counted as lost."""
    leases.hold(_held(design), LEASE, status=Status.QUEUED, tries=F("tries") - 1)


def cancel(design: Design) -> None:
    """Cancel a design; its worker notices at the next step. Raises DesignNotReady once it is finished."""
    pending = Design.objects.filter(pk=design.pk, status__in=PENDING)
    if not leases.release(pending, status=Status.CANCELLED, finished_at=timezone.now()):
        design.refresh_from_db(fields=["status"])
        raise DesignNotReady(f"{design} is {design.status}; only what is not finished can be cancelled")
    design.status = Status.CANCELLED


def cancel_or_remove(design: Design) -> None:
    """Cancel a design, or remove it if it is finished."""
    try:
        cancel(design)
    except DesignNotReady:
        remove(design)


@transaction.atomic
def remove(design: Design) -> None:
    """Delete a design's images and hide its row, which still counts against the limit of the hour."""
    pending = Design.objects.filter(pk=design.pk, status__in=PENDING)
    leases.release(pending, status=Status.CANCELLED, finished_at=timezone.now())
    Design.objects.filter(pk=design.pk).update(is_removed=True)
    DesignImage.objects.filter(design=design).delete()
    remove_files_later(design)


def delete(chosen: QuerySet[Design]) -> int:
    """Delete designs and their images; return how many. A worker at one of them notices at the next step."""
    _, counts = chosen.delete()  # the files follow: receivers.delete_files
    return counts.get(Design._meta.label, 0)


def expire() -> None:
    """Delete the images of old designs, and the rows of those twice as old, or removed an hour ago."""
    age = timedelta(days=settings.DESIGN_DAYS)
    now = timezone.now()
    delete(Design.objects.filter(Q(created_at__lt=now - 2 * age) | Q(created_at__lt=now - HOUR, is_removed=True)))
    old = Design.objects.filter(created_at__lt=now - age).exclude(status__in=(Status.EXPIRED, Status.RUNNING))
    for design in old:
        with transaction.atomic():
            if leases.release(old.filter(pk=design.pk), status=Status.EXPIRED):  # unless it was claimed meanwhile
                DesignImage.objects.filter(design=design).delete()
                remove_files_later(design)


def resend_unclaimed() -> None:
    """Send designs without a lease again: their message was lost, or their worker was."""
    leases.limit(Design.objects.filter(status=Status.QUEUED), MESSAGE)
    leases.limit(Design.objects.filter(status=Status.RUNNING), LEASE)
    for design in Design.objects.filter(leases.is_free(), status__in=PENDING):
        # The lease of a lost worker stays as it is, so that the next one may claim the design.
        leases.hold(Design.objects.filter(pk=design.pk, status=Status.QUEUED), MESSAGE)
        send(design)


def remove_files_later(design: Design) -> None:
    """Delete a design's files once the transaction is committed."""
    transaction.on_commit(lambda: remove_files([design]))


def remove_unnamed(shard: str) -> int:
    """Remove folders of images that are a day old and that no design has, of one of files.SHARDS; return how many."""
    parent = f"designs/{shard}"
    if not default_storage.exists(parent):
        return 0
    tokens = {token for token in default_storage.listdir(parent)[0] if files.is_old(f"{parent}/{token}")}
    named = Design.objects.filter(token__in=tokens, status=Status.DONE, is_removed=False)
    unnamed = tokens - set(named.values_list("token", flat=True))
    remove_files(Design(token=token) for token in unnamed)
    return len(unnamed)


def remove_files(designs: Iterable[Design]) -> None:
    """Delete the files of designs."""
    for design in designs:
        if not default_storage.exists(design.folder):
            continue
        for name in default_storage.listdir(design.folder)[1]:
            default_storage.delete(f"{design.folder}/{name}")
        default_storage.delete(design.folder)
