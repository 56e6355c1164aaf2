"""Builds the least that is valid; a test names only what it is about."""

import io
import math
from functools import cache

import factory
import numpy as np
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Max
from django.utils import timezone
from PIL import Image

from catalog import images, products
from catalog.demo.drawing import draw
from catalog.demo.plan import plan_catalog
from catalog.models import Category, Interaction, Product, Shopper
from recommender.models import ImageEmbedding, ModelVersion


def image_bytes(seed: int = 0, size: int = 24, format: str = "PNG") -> bytes:
    """A small image of its own: blocks of colour drawn from the seed, on white."""
    pixels = np.full((size, size, 3), 255, dtype=np.uint8)
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    pixels[4:20, 4:20] = blocks.repeat(4, axis=0).repeat(4, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format)
    return buffer.getvalue()


@cache
def drawn_bytes(place: int) -> bytes:
    """An image of the drawn catalogue, which looks like a product's."""
    return images.encode(draw(plan_catalog(56)[place]), "PNG")


def reencoded(data: bytes) -> bytes:
    """The image in another file, none of whose pixels need be the same."""
    return images.encode(Image.open(io.BytesIO(data)), "JPEG", quality=60)


def turned(degrees: float) -> list[float]:
    """A unit vector in the plane; the cosine of two is that of the angle between them."""
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Category
        django_get_or_create = ("name",)

    name = "Shoes"


class ProductFactory(factory.django.DjangoModelFactory):
    """With a picture; `ProductFactory(image=False)` has none, `image=7` is drawn from seed 7, or give its bytes."""

    class Meta:
        model = Product
        skip_postgeneration_save = True

    sku = factory.Sequence(lambda n: f"SKU-{n}")
    title = factory.Sequence(lambda n: f"Product {n}")
    category = factory.SubFactory(CategoryFactory)
    price = factory.LazyFunction(lambda: "19.90")

    @factory.post_generation
    def image(product, create, extracted, **kwargs):
        seed = int(product.pk) if extracted is None else extracted
        if seed is not False:
            data = seed if isinstance(seed, bytes) else image_bytes(seed)
            products.add_images(product, [images.read_image(data)])


class ShopperFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Shopper

    key = factory.Sequence(lambda n: f"shopper-{n}")


class AccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"account-{n}")
    password = factory.django.Password("secret")


def clerk(*permissions: str):
    """An account of staff with these permissions alone."""
    account = AccountFactory(is_staff=True)
    account.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return account


class InteractionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Interaction

    shopper = factory.SubFactory(ShopperFactory)
    product = factory.SubFactory(ProductFactory)
    kind = "like"
    occurred_at = factory.LazyFunction(timezone.now)


class VersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ModelVersion

    role = "similar"
    method = "pixels"
    number = factory.LazyAttribute(lambda version: next_number(version.method))
    dimensions = 2
    metric = "cosine"
    state = "ready"


def next_number(method: str) -> int:
    return (ModelVersion.objects.filter(method=method).aggregate(last=Max("number"))["last"] or 0) + 1


def embed(product: Product, version: ModelVersion, vector: list[float]) -> ImageEmbedding:
    """As if the version had seen the product's primary picture so."""
    return ImageEmbedding.objects.create(version=version, image=product.images.first(), product=product, vector=vector)
