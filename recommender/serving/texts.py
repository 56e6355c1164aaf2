"""Search by words: a worker embeds the text, the database finds what is near."""

import hashlib
import logging
from dataclasses import replace

import numpy as np
from django.conf import settings
from redis.exceptions import RedisError

from catalog.rows import Sql
from recommender import broker, memory
from recommender.errors import NoTextTower, WorkersUnavailable
from recommender.models import ModelVersion, Role
from recommender.serving import candidates, recommend
from recommender.serving.types import Recommendation, RecommendationQuery, RetrievalPlan
from recommender.versions import methods, queries

log = logging.getLogger(__name__)

MOST_CHARACTERS = 200  # of a text; a text tower reads some dozens of words


def is_served() -> bool:
    """Return whether the active similarity version embeds texts."""
    version = queries.serving_version(Role.SIMILAR)
    return version is not None and methods.takes_texts(version)


def products_like(text: str, query: RecommendationQuery, like: Sql | None = None) -> Recommendation | None:
    """Recommend products that look as a text says; with `like`, as both the text says and a product does.

    like: the condition of that product; without such a product None is returned. What is searched for is the sum of the
    text's vector and the product's, both of length 1.

    Raises NoActiveVersion, NoTextTower, or WorkersUnavailable if no worker answers in time.
    """
    version = queries.serving_or_raise(Role.SIMILAR)
    if not methods.takes_texts(version):
        raise NoTextTower(f"the active version of similar styles, {version}, was not trained on texts: it embeds none")
    plan = RetrievalPlan("text", version)
    if like is None:
        return recommend.execute_plan(replace(plan, vector=embed(text, version)), query)
    own = next(iter(candidates.candidates_where(like, version)), None)
    if own is None:
        return None
    if own.embedding is None:
        return Recommendation(query, plan, [], reason="not_yet_findable")
    vector = embed(text, version) + own.embedding
    return recommend.execute_plan(replace(plan, vector=vector, excluded_ids=[own.id]), query)


def embed(text: str, version: ModelVersion) -> np.ndarray:
    """Return the vector (D,) of a text by the version that serves. Raises WorkersUnavailable.

    It is kept for an hour, as people search for the same.
    """
    words = " ".join(text.split())
    key = f"text:{version.pk}:{hashlib.sha256(words.encode(errors='replace')).hexdigest()}"
    try:
        known = memory.client().get(key)
    except RedisError:
        known = None
    if isinstance(known, bytes):
        return np.frombuffer(known, dtype="<f4")
    found = broker.request_text_embedding(words)
    if found["version"] != version.pk:
        raise WorkersUnavailable("another version was activated just now; try again in a moment")
    vector = np.asarray(found["vector"], dtype="<f4")
    try:
        memory.client().set(key, vector.tobytes(), ex=settings.ANSWER_SECONDS)
    except RedisError as error:
        log.warning("the vector of a text is not kept, the cache is unavailable: %s", error)
    return vector
