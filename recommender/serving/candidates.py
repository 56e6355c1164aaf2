"""Products that may be recommended, and searches for the best of them by vector or by popularity."""

from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from catalog.models import Kind, Product, ProductQuerySet
from catalog.queries import interactions_of, narrow
from recommender.models import Metric, Popularity, Role
from recommender.serving.types import Candidate, RecommendationQuery, RetrievalPlan, Search
from recommender.versions.vectors import nearest, scores


def eligible_products(query: RecommendationQuery) -> ProductQuerySet:
    """Return the visible products in stock that satisfy the query's filters."""
    products = narrow(
        Product.objects.visible().in_stock(),
        category=query.category,
        min_price=query.min_price,
        max_price=query.max_price,
    )
    return products.exclude(sku__in=query.exclude) if query.exclude else products


def excluded_products(plan: RetrievalPlan, query: RecommendationQuery) -> QuerySet[Any] | None:
    """Return a subquery with the ids of products that are not shown to this visitor; None without a visitor.

    All with an interaction, or if the query includes seen products, those that were bought or are disliked.
    """
    if not (plan.shopper or plan.session):
        return None
    own = interactions_of(shopper=plan.shopper, session=plan.session).order_by()
    if not query.exclude_seen:
        later_like = own.filter(product=OuterRef("product"), kind=Kind.LIKE, occurred_at__gt=OuterRef("occurred_at"))
        own = own.filter(Q(kind=Kind.PURCHASE) | Q(kind=Kind.DISLIKE) & ~Exists(later_like))
    return own.values("product")


def search_by_vector(plan: RetrievalPlan, among: ProductQuerySet) -> Search:
    """Return a search for the products nearest to the plan's vector."""
    version, vector = plan.version, plan.vector
    assert version is not None and vector is not None
    exact = plan.exact or version.metric == Metric.INNER or nearest.is_narrow(among)

    def search(limit: int) -> list[Candidate]:
        rows = nearest.nearest_embeddings(version, vector, among=among, limit=limit, exact=exact)
        if version.role == Role.SIMILAR:
            return [
                Candidate(
                    row.product, scores.score(version, row.distance), scores.normalize_if_cosine(version, row.vector)
                )
                for row in rows
            ]
        # The vectors of a personal version do not say whether two images look alike.
        return [Candidate(row.product, scores.score(version, row.distance)) for row in rows.defer("vector")]

    return search


def search_by_popularity(among: ProductQuerySet) -> Search:
    """Return a search for the most popular products; the score is the share of the most popular product's shoppers."""
    top = Popularity.objects.aggregate(top=Max("shoppers"))["top"] or 1
    rows = among.select_related("popularity").with_images().order_by("-popularity__shoppers", "-created_at", "-pk")

    def search(limit: int) -> list[Candidate]:
        # NULLs, products without interactions, sort first when descending: they come in a query of their own.
        popular = list(rows.filter(popularity__isnull=False)[:limit])
        others = list(rows.filter(popularity__isnull=True)[: limit - len(popular)])
        return [Candidate(p, p.popularity.shoppers / top) for p in popular] + [Candidate(p, 0.0) for p in others]

    return search
