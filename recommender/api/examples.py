"""Resources recommendations/by-example/ and session/: recommendations from examples or events in the request alone."""

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog import queries
from catalog.interactions import CLOCK_SKEW
from catalog.models import Kind, Product
from recommender.api.fields import MAX_SKU_LENGTH, BoundedList, KindField, Sku, Timestamp, Validated
from recommender.api.permissions import STATELESS
from recommender.api.recommendations import RecommendationParams, recommends
from recommender.serving import history, recommend
from recommender.serving.history import ProductActivity
from recommender.serving.types import Recommendation, RecommendationQuery

MAX_EXAMPLES = 200  # of each kind
MAX_EVENTS = 1000
FOR_GUESTS = (
    "For a visitor without an account. The strategy is `session`, or `popular` where nothing is known. "
    "Nothing is stored."
)


def product_ids(skus: Iterable[str]) -> dict[str, int]:
    """Return the id of each product that exists, by its SKU."""
    return dict(Product.objects.filter(sku__in=set(skus)).values_list("sku", "pk"))


class SkuList(BoundedList):
    """Optional list of SKUs: a list in JSON, repeated in a form."""

    child = serializers.CharField(max_length=MAX_SKU_LENGTH)

    def __init__(self, *, help_text: str) -> None:
        super().__init__(required=False, max_length=MAX_EXAMPLES, help_text=help_text)


class ByExample(serializers.Serializer[None]):
    """Products that a visitor likes and dislikes."""

    like = SkuList(help_text="SKUs of products that the visitor likes.")
    dislike = SkuList(help_text="SKUs of products that the visitor dislikes.")

    def validate(self, attrs: Validated) -> Validated:
        """Replace the SKUs by `activities`, and by `skus`, those that are known."""
        liked, disliked = attrs.get("like", []), attrs.get("dislike", [])
        known = product_ids([*liked, *disliked])
        errors: dict[str, list[str]] = {}
        for field, skus in (("like", liked), ("dislike", disliked)):
            if unknown := [sku for sku in dict.fromkeys(skus) if sku not in known]:
                errors[field] = [f"There is no product {sku!r}." for sku in unknown]
        if both := [sku for sku in dict.fromkeys(disliked) if sku in set(liked)]:
            errors.setdefault("dislike", []).extend(f"{sku!r} is liked as well." for sku in both)
        if errors:
            raise serializers.ValidationError(errors)
        activities = [
            ProductActivity(known[sku], kind, settings.KIND_WEIGHTS[kind])
            for kind, skus in ((Kind.LIKE, liked), (Kind.DISLIKE, disliked))
            for sku in dict.fromkeys(skus)
        ]
        return {"activities": activities, "skus": list(known)}


class SessionEvent(serializers.Serializer[None]):
    """One thing that a visitor did with a product."""

    sku = Sku(help_text="SKU of a product, or of a variant of one.")
    kind = KindField(help_text="In any capitals; words of other programs, such as AddToCart, are taken as well.")
    timestamp = Timestamp(required=False, help_text="ISO 8601; without an offset, UTC. Default: now.")


class Session(serializers.Serializer[None]):
    """Events of a visitor."""

    events = BoundedList(
        child=SessionEvent(), max_length=MAX_EVENTS, help_text="Events of the visitor; they are not stored."
    )

    def validate(self, attrs: Validated) -> Validated:
        """Replace the events by `activities` and by `skus`, the products that they are about."""
        events, now = attrs["events"], timezone.now()
        products = queries.products_of_variants({event["sku"] for event in events})
        for event in events:
            event["sku"] = products.get(event["sku"], event["sku"])
        known = product_ids(event["sku"] for event in events)
        errors: dict[str, dict[str, list[str]]] = {}
        for index, event in enumerate(events):
            if event["sku"] not in known:
                errors.setdefault(str(index), {})["sku"] = [f"There is no product {event['sku']!r}."]
            if event.get("timestamp", now) > now + CLOCK_SKEW:
                errors.setdefault(str(index), {})["timestamp"] = [f"{event['timestamp'].isoformat()} is in the future."]
        if errors:
            raise serializers.ValidationError({"events": errors})
        done = [(known[event["sku"]], Kind(event["kind"]), event.get("timestamp", now)) for event in events]
        return {"activities": history.activities_of_events(done), "skus": list(known)}


class ByExampleForm(RecommendationParams, ByExample):
    """Body of a request by example; the parameters may be in the query string as well."""


class SessionForm(RecommendationParams, Session):
    """Body of a request by session; the parameters may be in the query string as well."""


def recommend_to_guest(body: ByExample | Session, query: RecommendationQuery) -> Recommendation:
    """Recommend other products than those in the body. Raises ValidationError."""
    body.is_valid(raise_exception=True)
    activities, skus = body.validated_data["activities"], body.validated_data["skus"]
    return recommend.for_guest(activities, replace(query, exclude=[*query.exclude, *skus]))


class RecommendByExample(APIView):
    operations = {"POST": "recommend_by_example"}
    rules = {"POST": STATELESS}
    only_reads = True  # by POST as well: a replica may answer

    @recommends(
        summary="Recommendations by example",
        description=f"{FOR_GUESTS} Without a personal model the similarity of the images decides.",
        request=ByExampleForm,
    )
    def post(self, request: Request, query: RecommendationQuery) -> Recommendation:
        return recommend_to_guest(ByExample(data=request.data), query)


class RecommendForSession(APIView):
    operations = {"POST": "recommend_for_session"}
    rules = {"POST": STATELESS}
    only_reads = True  # by POST as well: a replica may answer

    @recommends(
        summary="Recommendations for the events of a session",
        description=FOR_GUESTS,
        request=SessionForm,
    )
    def post(self, request: Request, query: RecommendationQuery) -> Recommendation:
        return recommend_to_guest(Session(data=request.data), query)
