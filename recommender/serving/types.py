"""The types of a recommendation: query, retrieval plan, candidates, results."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Self

import numpy as np

from catalog.images import Box
from catalog.models import Kind, Product, Shopper
from catalog.rows import ImageMarks
from recommender.experiments.running import Trial
from recommender.models import ModelVersion
from recommender.serving.history import History

DIVERSITY_POOL = 5  # candidates for each place in a diverse list
SPARE = 3  # candidates beyond what is wanted, in place of duplicates


@dataclass(frozen=True)
class RecommendationQuery:
    """The parameters that every kind of recommendation takes."""

    limit: int = 12
    category: str = ""  # the category's name; empty: all
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    exclude: Sequence[str] = ()  # SKUs
    min_score: float = 0.0
    diversity: float = 0.0  # 0: by score alone; 1: as unlike each other as can be
    exclude_seen: bool = True  # leave out every product with an interaction, not only bought and disliked ones
    placement: str = ""  # where the caller shows the recommendation
    explain: bool = False
    visitor: str = ""  # by which experiments tell visitors apart; empty: in none
    version: ModelVersion | None = None  # in place of the one that serves
    trial: Trial | None = None  # that it follows, as the visitor is in an experiment

    def following(self, trial: Trial | None) -> Self:
        """Return the query as an experiment would have it."""
        return replace(self, **trial.parameters, trial=trial) if trial else self

    @property
    def pool_size(self) -> int:
        """Return how many candidates the results are chosen from."""
        return self.limit * DIVERSITY_POOL if self.diversity else self.limit

    @property
    def first_size(self) -> int:
        """Return how many candidates are searched for at first."""
        return self.pool_size + 1 + SPARE  # one more tells whether there is a next page


@dataclass(frozen=True)
class Contributor:
    """A product of the visitor's history that a result is recommended for."""

    product: Product
    kind: Kind  # the visitor's interaction with it
    weight: float  # its share; the weights of one result add up to 1


@dataclass(frozen=True)
class Result:
    """A recommended product."""

    rank: int
    score: float  # 0 to 1
    product: Product
    is_findable: bool  # whether the active similarity version has embedded it
    because: list[Contributor] | None = None  # None: no explanation was requested


@dataclass(frozen=True, eq=False)
class Candidate:
    """A product that may become a result. It is built when it does: of two candidates one is only compared."""

    id: int  # of the product
    images: Sequence[ImageMarks]
    score: float
    embedding: np.ndarray | None  # (D,), by the similarity version that duplicates are found with
    build: Callable[[], Product]
    distance: float = 0.0  # as the database gives it

    @classmethod
    def of(cls, product: Product, score: float, embedding: np.ndarray | None = None) -> Self:
        """Return a candidate of a product that is built already, with its images."""
        images = [
            ImageMarks(image.content_hash, None if image.fingerprint is None else bytes(image.fingerprint))
            for image in product.images.all()
        ]
        return cls(product.pk, images, score, embedding, lambda: product)

    @cached_property
    def product(self) -> Product:
        return self.build()


Search = Callable[[int], list[Candidate]]  # the best n candidates, best first


@dataclass(frozen=True)
class RetrievalPlan:
    """The source of results, apart from the query; saved with the first page, so that later pages follow it too."""

    strategy: str
    version: ModelVersion | None = None
    vector: Sequence[float] | np.ndarray | None = None  # None: by popularity
    product: int | None = None  # id of the product to find similar ones of
    shopper: Shopper | None = None  # the visitor, if known
    session: str = ""  # the visitor's session, if a guest
    own: History = field(default_factory=History)  # the visitor's products that the vector was made from
    excluded_ids: Sequence[int] = ()  # ids of products that, with all copies of their images, are left out


@dataclass(frozen=True)
class PhotoObject:
    """Object in a photo. label: the category of the product that it is a good match of; "" without one."""

    box: Box
    label: str = ""


@dataclass(frozen=True)
class Match:
    """The chances that what comes nearest to a photo is the product that it shows, or of the same style."""

    same_product: float
    same_style: float


@dataclass(frozen=True)
class PhotoFindings:
    """Contents of a photo. box: the part that was searched by, one of the objects' unless the visitor chose another."""

    box: Box
    objects: Sequence[PhotoObject]
    match: Match | None = None  # None: nothing comes near, or the version has no chances yet


@dataclass(frozen=True)
class Exploration:
    """A result that was drawn by chance, in place of what would be there."""

    product: int  # its id
    position: int  # its rank
    propensity: float  # probability that this product was drawn


@dataclass(frozen=True)
class Recommendation:
    """The results of a query, with how they were found."""

    query: RecommendationQuery
    plan: RetrievalPlan
    results: list[Result]
    reason: str | None = None  # why there are no results
    page: int = 1
    has_next: bool = False
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    nearest: Sequence[Result] = ()  # to a photo that nothing is a good match of
    photo: PhotoFindings | None = None  # of a search by photo
    exploration: Exploration | None = None

    @property
    def strategy(self) -> str:
        return self.plan.strategy

    @property
    def version(self) -> ModelVersion | None:
        return self.plan.version
