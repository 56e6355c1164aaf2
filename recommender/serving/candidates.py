"""Which products may be recommended, and the best of them by vector or by popularity."""

from collections.abc import Callable

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from catalog.models import Kind, Product
from catalog.queries import interactions_of, narrow
from recommender.models import Metric, Popularity, Role
from recommender.serving import rerank
from recommender.serving.rerank import Candidate
from recommender.serving.types import RecommendationQuery, RetrievalPlan
from recommender.versions.vectors import nearest
from recommender.versions.vectors.scores import score


def eligible(query: RecommendationQuery) -> QuerySet[Product]:
    """Products that may be recommended under these conditions: never hidden ones, never sold out ones."""
    products = narrow(
        Product.objects.visible().in_stock(),
        category=query.category,
        min_price=query.min_price,
        max_price=query.max_price,
    )
    return products.exclude(sku__in=query.exclude) if query.exclude else products


def excluded_products(plan: RetrievalPlan, query: RecommendationQuery) -> QuerySet | None:
    """Products, as ids, that the visitor is not to be shown: all they met, or at least what they bought or dislike."""
    if not (plan.shopper or plan.session):
        return None
    own = interactions_of(shopper=plan.shopper, session=plan.session).order_by()
    if not query.exclude_seen:
        later_like = own.filter(product=OuterRef("product"), kind=Kind.LIKE, occurred_at__gt=OuterRef("occurred_at"))
        own = own.filter(Q(kind=Kind.PURCHASE) | Q(kind=Kind.DISLIKE) & ~Exists(later_like))
    return own.values("product")


def by_vector(plan: RetrievalPlan, among: QuerySet[Product]) -> Callable[[int], list[Candidate]]:
    version = plan.version
    exact = plan.exact or version.metric == Metric.INNER or nearest.is_narrow(among)

    def page(size: int) -> list[Candidate]:
        rows = nearest.nearest_embeddings(version, plan.vector, among=among, limit=size, exact=exact)
        if version.role == Role.SIMILAR:
            return [
                Candidate(row.product, score(version, row.distance), rerank.unit(row.vector, version)) for row in rows
            ]
        # What a personal version sees in them tells nobody whether they look alike.
        return [Candidate(row.product, score(version, row.distance)) for row in rows.defer("vector")]

    return page


def by_popularity(among: QuerySet[Product]) -> Callable[[int], list[Candidate]]:
    """The score: shoppers, as a share of the most popular product's."""
    top = Popularity.objects.aggregate(top=Max("shoppers"))["top"] or 1
    rows = among.select_related("popularity").with_images().order_by("-popularity__shoppers", "-created_at", "-pk")

    def page(size: int) -> list[Candidate]:
        # NULLs, products that nobody took to, sort first when descending: they come in a query of their own.
        taken = list(rows.filter(popularity__isnull=False)[:size])
        untouched = list(rows.filter(popularity__isnull=True)[: size - len(taken)])
        return [Candidate(p, p.popularity.shoppers / top) for p in taken] + [Candidate(p, 0.0) for p in untouched]

    return page
