"""Database models of the recommender: versions, vectors, popularity, impressions, designs."""

from recommender.models.designs import PENDING, Design, DesignImage, Status, design_seed, design_token
from recommender.models.shown import ExploredResult, Impression, PhotoSearches, Popularity, PopularityChange
from recommender.models.vectors import ImageEmbedding, ImageWalk, ShopperVector
from recommender.models.versions import (
    EMBEDDING_ROLES,
    LIVE,
    MAX_EPOCHS,
    MAX_SEED,
    SERVABLE,
    TRAINING_STATE,
    UNFINISHED,
    Activation,
    Leased,
    MethodNumber,
    Metric,
    ModelVersion,
    Role,
    State,
)

__all__ = [
    "PENDING",
    "Design",
    "DesignImage",
    "Status",
    "design_seed",
    "design_token",
    "ExploredResult",
    "Impression",
    "PhotoSearches",
    "Popularity",
    "PopularityChange",
    "ImageEmbedding",
    "ImageWalk",
    "ShopperVector",
    "EMBEDDING_ROLES",
    "LIVE",
    "MAX_EPOCHS",
    "MAX_SEED",
    "SERVABLE",
    "TRAINING_STATE",
    "UNFINISHED",
    "Activation",
    "Leased",
    "MethodNumber",
    "Metric",
    "ModelVersion",
    "Role",
    "State",
]
