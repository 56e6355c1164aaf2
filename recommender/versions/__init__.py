"""Model versions: their life, their settings, their vectors. What other programs may call is named here."""

from recommender.versions.vectors.index import build_index
from recommender.versions.vectors.store import store_tastes, store_vectors

__all__ = ["build_index", "store_tastes", "store_vectors"]
