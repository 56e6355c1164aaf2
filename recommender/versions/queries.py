"""Queries about versions, and about images with and without vectors."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog.models import Product, ProductImage
from catalog.prepared import fetch_prepared
from catalog.rows import Sql
from recommender.errors import NoActiveVersion
from recommender.models import EMBEDDING_ROLES, LIVE, SERVABLE, ImageEmbedding, ModelVersion, Role, State


class Served(NamedTuple):
    """A version as this process last read it, and the mark of its row: another one once it was written again."""

    version: ModelVersion
    mark: str


_served: dict[Role, Served] = {}


def active_version(role: Role) -> ModelVersion | None:
    """Return the version that serves this role, if there is one."""
    return ModelVersion.objects.filter(role=role, state=State.ACTIVE).first()


def active_or_raise(role: Role) -> ModelVersion:
    """Return the version that serves this role. Raises NoActiveVersion."""
    version = active_version(role)
    if version is None:
        raise NoActiveVersion(f"no model version is active for {Role(role).label}")
    return version


def served_mark(role: Role) -> str:
    """Return the scalar subquery for the mark of the version that serves this role; NULL without one."""
    return (
        "(SELECT v.id || ' ' || v.ctid || ' ' || v.xmin FROM recommender_modelversion v"
        f" WHERE v.role = '{Role(role).value}' AND v.state = 'active')"
    )


def serving_version(role: Role) -> ModelVersion | None:
    """Return the version that serves this role, without what serving ignores.

    It is read anew only when its row was written, to another place or by another transaction than before.
    """
    [[mark]] = fetch_prepared(Sql(f"SELECT {served_mark(role)}"))
    return version_of_mark(role, mark)


def version_of_mark(role: Role, mark: str | None) -> ModelVersion | None:
    """Return the version whose mark was just read; None without one."""
    if mark is None:
        return None
    served = _served.get(role)
    if served is None or served.mark != mark:
        fields = ("settings", "progress", "metrics", "error", "categories", "taste")
        version = ModelVersion.objects.defer(*fields).filter(pk=int(mark.split()[0])).first()
        if version is None:  # deleted since
            return None
        served = _served[role] = Served(version, mark)
    return served.version


def serving_or_raise(role: Role) -> ModelVersion:
    """Return what serving_version does. Raises NoActiveVersion."""
    version = serving_version(role)
    if version is None:
        raise NoActiveVersion(f"no model version is active for {Role(role).label}")
    return version


def last_served(role: Role) -> Served:
    """Return the version that served this role when the process last looked, for a statement that reads the mark.

    If that is another, it serves no more. Raises NoActiveVersion.
    """
    if role not in _served:
        serving_or_raise(role)
    return _served[role]


def to_serve(role: Role | None = None) -> QuerySet[ModelVersion]:
    """Return the versions that are to serve, this role or any, as soon as they are trained; the first to come first."""
    coming = Q(state__in=LIVE, activate_when_ready=True) | Q(activation_requested_at__isnull=False)
    found = ModelVersion.objects.filter(coming).order_by("pk")
    return found.filter(role=role) if role else found


def images_of_version(version: ModelVersion) -> QuerySet[ProductImage]:
    """Return the images that a version has vectors for: all, for a personal one the primary ones, for designs none.

    Without those that cannot be read.
    """
    if version.role == Role.SIMILAR:
        return ProductImage.objects.readable()
    if version.role not in EMBEDDING_ROLES:
        return ProductImage.objects.none()
    return primary_images()


def primary_images() -> QuerySet[ProductImage]:
    """Return the first image that can be read of each product that has one."""
    readable = ProductImage.objects.readable()
    return readable.filter(~Exists(readable.filter(product=OuterRef("product"), position__lt=OuterRef("position"))))


def images_without_embedding(
    version: ModelVersion, *, between: tuple[int, int] | None = None
) -> QuerySet[ProductImage]:
    """Return the images that this version has still to embed; `between`: only with ids from the first to the last."""
    images = images_of_version(version)
    embedded = ImageEmbedding.objects.filter(version=version, image=OuterRef("pk"))
    if between:  # of both, as the planner would read the index of the version's vectors from its beginning
        first, last = between
        images = images.filter(pk__gte=first, pk__lte=last)
        embedded = embedded.filter(image__gte=first, image__lte=last)
    return images.filter(~Exists(embedded))


def servable_versions() -> QuerySet[ModelVersion]:
    """Return the trained versions that embed images; each of them embeds every new image."""
    return ModelVersion.objects.filter(role__in=EMBEDDING_ROLES, state__in=SERVABLE)


def serving_versions() -> QuerySet[ModelVersion]:
    """Return those of servable_versions that visitors get lists of: the active ones, and those of experiments that run.

    Each embeds a new image at once.
    """
    tried = ModelVersion.objects.filter(arms__experiment__state="running").values("pk")
    return servable_versions().filter(Q(state=State.ACTIVE) | Q(pk__in=tried))


def findable_since(products: Sequence[Product]) -> dict[int, datetime]:
    """Return, by product id, when the active similarity version first embedded each product; without those not yet."""
    if not products:
        return {}
    rows = (
        ImageEmbedding.objects.filter(
            product__in=[product.pk for product in products],
            version__role=Role.SIMILAR,
            version__state=State.ACTIVE,
        )
        .values_list("product", "created_at")
        .order_by("-created_at")
    )
    return dict(rows)
