"""Queries about versions, and about images with and without vectors."""

import time
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from catalog.models import Product, ProductImage
from recommender.errors import NoActiveVersion
from recommender.models import EMBEDDING_ROLES, SERVABLE, ImageEmbedding, ModelVersion, Role, State

SERVING_SECONDS = 1.0
_serving: dict[Role, tuple[float, ModelVersion | None]] = {}  # when it was read, and what was found


def active_version(role: Role) -> ModelVersion | None:
    """Return the version that serves this role, if there is one."""
    return ModelVersion.objects.filter(role=role, state=State.ACTIVE).first()


def active_or_raise(role: Role) -> ModelVersion:
    """Return the version that serves this role. Raises NoActiveVersion."""
    version = active_version(role)
    if version is None:
        raise NoActiveVersion(f"no model version is active for {Role(role).label}")
    return version


def serving_version(role: Role) -> ModelVersion | None:
    """Return the version that serves this role as it was less than SERVING_SECONDS ago, without what serving ignores.

    One read a second in place of one a request.
    """
    read_at, version = _serving.get(role, (-SERVING_SECONDS, None))
    if time.monotonic() - read_at >= SERVING_SECONDS:
        active = ModelVersion.objects.filter(role=role, state=State.ACTIVE)
        version = active.defer("settings", "progress", "metrics", "error", "categories", "taste").first()
        _serving[role] = (time.monotonic(), version)
    return version


def serving_or_raise(role: Role) -> ModelVersion:
    """Return what serving_version does. Raises NoActiveVersion."""
    version = serving_version(role)
    if version is None:
        raise NoActiveVersion(f"no model version is active for {Role(role).label}")
    return version


def forget_serving() -> None:
    """Delete what this process knows of the serving versions, so that the next request reads them."""
    _serving.clear()


def images_of_version(version: ModelVersion) -> QuerySet[ProductImage]:
    """Return the images that a version has vectors for: all, for a personal one the primary ones, for designs none."""
    if version.role == Role.SIMILAR:
        return ProductImage.objects.all()
    if version.role not in EMBEDDING_ROLES:
        return ProductImage.objects.none()
    return primary_images()


def primary_images() -> QuerySet[ProductImage]:
    """Return the first image of each product that has one."""
    earlier = ProductImage.objects.filter(product=OuterRef("product"), position__lt=OuterRef("position"))
    return ProductImage.objects.filter(~Exists(earlier))


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
