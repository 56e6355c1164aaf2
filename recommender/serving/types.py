"""The nouns of a recommendation: what may be asked, what it is made from, what is answered."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.models import Kind, Product, Shopper
from recommender.models import ModelVersion
from recommender.serving.history import History


@dataclass(frozen=True)
class RecommendationQuery:
    """What a caller may ask of any recommendation."""

    limit: int = 12
    category: str = ""  # its own name
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    exclude: Sequence[str] = ()  # SKUs
    min_score: float = 0.0
    diversity: float = 0.0  # 0: by score alone; 1: as unlike each other as can be
    exclude_seen: bool = True  # leave out whatever the visitor did anything with, not only bought or disliked
    placement: str = ""  # where the caller shows the answer
    explain: bool = False


@dataclass(frozen=True)
class Because:
    product: Product  # one of the shopper's own
    kind: Kind  # what the shopper did to it
    weight: float  # the weights of one result add up to 1


@dataclass(frozen=True)
class Result:
    rank: int
    score: float  # 0 to 1
    product: Product
    because: list[Because] | None = None


@dataclass(frozen=True)
class RetrievalPlan:
    """What an answer is made from, beside what was asked: enough to go on with it later."""

    strategy: str
    version: ModelVersion | None = None
    vector: Sequence[float] | None = None  # None: by popularity
    exact: bool = False  # sort all that is eligible rather than walk the index
    product: int | None = None  # the id of the one asked about
    shopper: Shopper | None = None  # the visitor's
    session: str = ""  # the visitor's, of a guest
    own: History = field(default_factory=History)  # what carries a taste, to explain by
    excluded_ids: Sequence[
        int
    ] = ()  # products, as ids, that are never shown to the visitor again, nor are their copies


@dataclass(frozen=True)
class Recommendation:
    query: RecommendationQuery
    plan: RetrievalPlan
    results: list[Result]
    reason: str | None = None  # why there are none
    page: int = 1
    has_next: bool = False
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def strategy(self) -> str:
        return self.plan.strategy

    @property
    def version(self) -> ModelVersion | None:
        return self.plan.version
