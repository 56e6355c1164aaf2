"""What a visitor is shown. SQL, and numpy on a handful of vectors: any web process may call it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalog.models import Product, Shopper
from recommender.models import ModelVersion, Role
from recommender.serving import explain, history, rerank
from recommender.serving.candidates import by_popularity, by_vector, eligible, turned_down
from recommender.serving.history import Deed, History
from recommender.serving.rerank import Candidate
from recommender.serving.types import Aim, Ask, Recommendation, Result
from recommender.versions import queries
from recommender.versions.vectors import nearest

# Weights of events (VISREC_KIND_WEIGHTS) that say enough of a shopper: a like does, and so do three looks. One product
# gave AUC .78 where the mean taste gave .70, among 250 of 5,000 simulated shoppers; of the drawn catalogue's 300 it is
# level with popularity, and three are ahead (tests.benchmarks.fold_in).
ENOUGH = 0.5


def similar_products(product: Product, ask: Ask) -> Recommendation:
    """Products whose pictures look like this one's. Raises NoActiveVersion."""
    version = queries.active_or_raise(Role.SIMILAR)
    vector = nearest.vector_of(version, product)
    aim = Aim("similar", version, vector, product=product.pk)
    if vector is None:
        return Recommendation(ask, aim, [], reason="not_yet_findable")
    # Under another category's filter nearly all that the index meets is refused: sort that category exactly.
    elsewhere = bool(ask.category) and ask.category != product.category.name
    return answered(replace(aim, exact=elsewhere), ask, [Candidate(product, 1.0, rerank.look(vector, version))])


def products_like_photo(vector: Sequence[float], version: ModelVersion, ask: Ask) -> Recommendation:
    """Products that look like the photo that `version` turned into `vector`; none if nothing is near."""
    floor = max(ask.min_score, version.good_match or 0.0)
    found = answered(Aim("photo", version, vector), replace(ask, min_score=floor))
    return replace(found, reason=None if found.results else "no_good_match")


def for_shopper(shopper: Shopper, ask: Ask) -> Recommendation:
    """What this shopper would like and has not met yet: `personal`, `fold-in`, or `popular` if too little is known.

    What a shopper did since the version was trained moves the taste that it learnt.
    """
    version = queries.active_version(Role.PERSONAL)
    learnt = version and (version.started_at or version.created_at)
    deeds = history.of_visitor(shopper=shopper, learnt=learnt)
    popular = Aim("popular", shopper=shopper, done_with=history.done_with(deeds))
    if version is None:
        return answered(popular, ask)
    own = history.seen(version, deeds)
    trained = nearest.trained_taste(version, shopper)
    if trained is None and np.abs(own.weights).sum() < ENOUGH:
        return answered(popular, ask)
    strategy = "fold-in" if trained is None else "personal"
    vector = own.taste(version, trained)
    return answered(replace(popular, strategy=strategy, version=version, vector=vector, own=own), ask)


def for_session(session: str, ask: Ask) -> Recommendation:
    """What a guest would like, judged by what this session did; `popular` before it did anything."""
    return for_guest(history.of_visitor(session=session), ask, session)


def for_guest(deeds: Sequence[Deed], ask: Ask, session: str = "") -> Recommendation:
    """What somebody of these deeds would like, whom no version was trained on; `popular` if nothing is known.

    By the active personal version, or where it has seen none of the products, by how they look.
    """
    popular = Aim("popular", session=session, done_with=history.done_with(deeds))
    for role, direction in ((Role.PERSONAL, History.taste), (Role.SIMILAR, History.example)):
        version = queries.active_version(role) if deeds else None
        own = history.seen(version, deeds) if version else History()
        vector = direction(own, version) if own else None
        if vector is not None:
            return answered(replace(popular, strategy="session", version=version, vector=vector, own=own), ask)
    return answered(popular, ask)


def popular_products(ask: Ask) -> Recommendation:
    """What most shoppers took to, then the newest."""
    return answered(Aim("popular"), ask)


def answered(aim: Aim, ask: Ask, beside: Sequence[Candidate] = (), *, after: int = 0) -> Recommendation:
    """The best that may be shown, none of it the same as `beside`. after: how many places earlier pages took."""
    done_with = Product.objects.prefetch_related("images").in_bulk(aim.done_with).values()
    among = eligible(ask).exclude(pk__in=[candidate.product.pk for candidate in beside])
    met = turned_down(aim, ask)
    if met is not None:
        among = among.exclude(pk__in=met)
    compares = aim.version if aim.version and aim.version.role == Role.SIMILAR else queries.active_version(Role.SIMILAR)
    page = by_popularity(among) if aim.vector is None else by_vector(aim, among)
    chosen, has_next = rerank.ranked(page, ask, compares, beside, done_with)
    results = [Result(rank, row.score, row.product) for rank, row in enumerate(chosen, after + 1)]
    if ask.explain:
        results = explain.explained(aim, results)
    return Recommendation(ask, aim, results, has_next=has_next)
