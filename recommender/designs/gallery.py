"""What a design shows: its pictures, what was thought of each, and beneath them what one can buy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Value

from catalog.models import Product
from recommender.models import Design, DesignImage
from recommender.serving import rerank
from recommender.serving.rerank import Candidate
from recommender.versions.vectors import nearest

BENEATH = 3  # products under each picture
NEAREST = 12  # under all of them
SPARE = 5  # products beyond what is wanted, for the pictures that turn up twice


@dataclass(frozen=True)
class Hanging:
    """One picture on the wall."""

    image: DesignImage
    nearest: Sequence[Product]

    @property
    def score(self) -> float:
        """0 to 1: the chance that the shopper would rather have this than an average product."""
        return 1 / (1 + math.exp(-max(min(self.image.score, 700.0), -700.0)))

    @property
    def realism(self) -> float:
        """0 to 1: how real it looks to the discriminator."""
        return min(max(self.image.realism, 0.0), 1.0)


@dataclass(frozen=True)
class Gallery:
    design: Design
    images: Sequence[Hanging]
    nearest: Sequence[Product]  # to any of the pictures


def of(design: Design) -> Gallery:
    """The same number of queries, however many pictures there are."""
    images = list(design.images.select_related("design").defer("embedding"))
    rows = candidates(design)
    places = {image.position: rerank.distinct(rows.get(image.position, []))[:BENEATH] for image in images}
    # A tailored product's neighbours are not what tailoring leads to.
    wanted = [image for image in images if image.kind != DesignImage.Kind.ORIGINAL]
    everything = sorted((row for image in wanted for row in rows.get(image.position, [])), key=lambda row: -row.score)
    return Gallery(
        design,
        [Hanging(image, [row.product for row in places[image.position]]) for image in images],
        [row.product for row in rerank.distinct(everything)[:NEAREST]],
    )


def candidates(design: Design) -> dict[int, list[Candidate]]:
    """What can be bought in the design's category, by the place of the picture it is near to, the nearest first.

    Never the product that is tailored. Nothing for a design at which no version looked, or one that is gone.
    """
    version = design.embedding_version
    embeddings = dict(design.images.exclude(embedding=None).values_list("position", "embedding")) if version else {}
    if not embeddings:
        return {}
    among = Product.objects.visible().in_stock().filter(category=design.category_id).exclude(pk=design.product_id)
    exact = nearest.is_narrow(among)
    found = [
        nearest.nearest_embeddings(version, embedding, among=among, limit=BENEATH + SPARE, exact=exact)
        .prefetch_related(None)
        .annotate(place=Value(place))
        .values_list("place", "product", "distance")
        for place, embedding in embeddings.items()
    ]
    rows = list(found[0].union(*found[1:], all=True))
    products = Product.objects.with_images().in_bulk({product for _, product, _ in rows})
    near: dict[int, list[Candidate]] = {}
    for place, product, distance in sorted(rows, key=lambda row: row[2]):
        near.setdefault(place, []).append(Candidate(products[product], -distance))
    return near
