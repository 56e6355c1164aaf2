"""Galleries of designs: their images with scores, and below them products that one can buy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.models import Product
from catalog.rows import IN_STOCK, VISIBLE, Sql, estimated_count, fetch, products_by_id
from recommender.models import Design, DesignImage
from recommender.serving import rerank
from recommender.serving.types import Candidate
from recommender.versions.vectors import nearest, scores

BENEATH = 3  # products below each image
NEAREST = 12  # below all of them
EXACT = 3000  # products that are compared one by one: 3 to 8 ms
SPARE = 5  # products beyond what is wanted, in place of duplicates


@dataclass(frozen=True)
class GalleryImage:
    """A generated image, with the products that are nearest to it."""

    image: DesignImage
    nearest: Sequence[Product]

    @property
    def probability(self) -> float | None:
        """Return the share of products of this score that shoppers took, 0 to 1; None if the model has no chances.

        It is a limit for the image, which was made to score high: no shopper ever chose between it and a product.
        """
        scorer = self.image.design.scorer
        return scores.limited_probability(scorer, self.image.score) if scorer else None

    @property
    def score(self) -> float:
        """Return the probability, or without one the sigmoid of the score, which is too high."""
        known = self.probability
        return 1 / (1 + math.exp(-max(min(self.image.score, 700.0), -700.0))) if known is None else known

    @property
    def realism(self) -> float:
        """Return how real the image looks to the discriminator, 0 to 1."""
        return min(max(self.image.realism, 0.0), 1.0)


@dataclass(frozen=True)
class Gallery:
    """A design's images."""

    design: Design
    images: Sequence[GalleryImage]
    nearest: Sequence[Product]  # to any of the images

    @property
    def left_out(self) -> int:
        """Return how many of the images that were asked for there are not."""
        return self.design.count - len(self.images) if self.design.budget is None else 0


def build_gallery(design: Design) -> Gallery:
    """Read a design's images and the products near to them; a fixed number of queries."""
    images = list(design.images.select_related("design__scorer").defer("embedding", "design__scorer__taste"))
    rows = nearest_by_position(design)
    by_image = {image.position: rerank.drop_duplicates(rows.get(image.position, []))[:BENEATH] for image in images}
    # The neighbours of a product that was tailored are not what tailoring leads to.
    wanted = [image for image in images if image.kind != DesignImage.Kind.ORIGINAL]
    everything = sorted((row for image in wanted for row in rows.get(image.position, [])), key=lambda row: -row.score)
    return Gallery(
        design,
        [GalleryImage(image, [row.product for row in by_image[image.position]]) for image in images],
        [row.product for row in rerank.drop_duplicates(everything)[:NEAREST]],
    )


def nearest_by_position(design: Design) -> dict[int, list[Candidate]]:
    """Return the visible products in stock nearest to each image, of the design's category, by the image's position.

    Never the product that is tailored. Nothing for a design whose images have no embeddings, or are gone.
    """
    version = design.embedding_version
    if version is None:
        return {}
    stored = design.images.exclude(embedding=None).values_list("position", "embedding")
    embeddings: dict[int, Sequence[float]] = {
        position: embedding for position, embedding in stored if embedding is not None
    }
    if not embeddings:
        return {}
    among = VISIBLE & IN_STOCK & Sql("p.category_id = %s", (design.category_id,))
    # Where the whole catalogue is searched for one of few products, comparing with those costs less.
    exact = estimated_count(among) <= EXACT
    if design.product_id is not None:
        among &= Sql("p.id <> %s", (design.product_id,))
    found = [
        (position, nearest.nearest_sql(version, embedding, BENEATH + SPARE, among=among, exact=exact))
        for position, embedding in embeddings.items()
    ]
    text = " UNION ALL ".join(
        f"(SELECT {position:d}, product_id, distance FROM ({search.text}) AS near)" for position, search in found
    )
    rows = fetch(Sql(text, tuple(param for _, search in found for param in search.params)))
    products = products_by_id({product for _, product, _ in rows})
    by_position: dict[int, list[Candidate]] = {}
    for position, product, distance in sorted(rows, key=lambda row: row[2]):
        by_position.setdefault(position, []).append(Candidate.of(products[product], -distance))
    return by_position
