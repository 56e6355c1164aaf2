"""Texts by which visitors search: the vector to search by. Workers only."""

import torch

from ml.contract import SimilarModel
from recommender.broker import TextEmbedding
from recommender.errors import NoTextTower
from recommender.models import Role
from recommender.versions import queries
from recommender.workers.embedding import model_of


def embed_text(text: str) -> TextEmbedding:
    """Embed a text by the active similarity version. Raises NoActiveVersion, or NoTextTower if it embeds none."""
    version = queries.active_or_raise(Role.SIMILAR)
    with torch.inference_mode():
        vectors = model_of(version, SimilarModel).embed_texts([text])
    if vectors is None:
        raise NoTextTower(f"{version} embeds no texts")
    return {"version": version.pk, "vector": vectors[0].cpu().tolist()}
