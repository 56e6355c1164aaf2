"""recommendations/by-example/ and session/: for somebody of whom the shop knows nothing but what the caller says."""

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.interactions import CLOCK_SKEW
from catalog.models import Kind, Product
from recommender.api.fields import LONGEST_SKU
from recommender.api.interactions import InteractionInput
from recommender.api.recommendations import AskParams, recommends
from recommender.serving import history, recommend
from recommender.serving.history import ProductActivity
from recommender.serving.types import Recommendation, RecommendationQuery

MOST_EXAMPLES = 200  # of each kind
MOST_EVENTS = 1000
FOR_GUESTS = "For somebody without an account. `session`, or `popular` where nothing is known. Nothing is stored."


def product_ids(skus: Iterable[str]) -> dict[str, int]:
    return dict(Product.objects.filter(sku__in=set(skus)).values_list("sku", "pk"))


class Examples(serializers.ListField):
    """SKUs, in JSON or repeated in a form."""

    child = serializers.CharField(max_length=LONGEST_SKU)

    def __init__(self, **kwargs):
        super().__init__(required=False, max_length=MOST_EXAMPLES, **kwargs)


class ByExample(serializers.Serializer):
    like = Examples(help_text="SKUs of what the visitor likes.")
    dislike = Examples(help_text="SKUs of what the visitor dislikes.")

    def validate(self, attrs: dict) -> dict:
        """The deeds, and the SKUs that they are about."""
        liked, disliked = attrs.get("like", []), attrs.get("dislike", [])
        known = product_ids([*liked, *disliked])
        errors = {}
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


class SessionEvent(serializers.Serializer):
    sku = serializers.CharField(max_length=LONGEST_SKU)
    kind = serializers.ChoiceField(Kind.choices)
    timestamp = serializers.DateTimeField(required=False, help_text="ISO 8601; without an offset, UTC. Default: now.")

    validate_timestamp = InteractionInput.validate_timestamp


class Session(serializers.Serializer):
    events = serializers.ListField(
        child=SessionEvent(), max_length=MOST_EVENTS, help_text="What the visitor did; nothing of it is stored."
    )

    def validate(self, attrs: dict) -> dict:
        """The deeds, and the SKUs that they are about."""
        events, now = attrs["events"], timezone.now()
        known = product_ids(event["sku"] for event in events)
        errors = {}
        for place, event in enumerate(events):
            if event["sku"] not in known:
                errors.setdefault(place, {})["sku"] = [f"There is no product {event['sku']!r}."]
            if event.get("timestamp", now) > now + CLOCK_SKEW:
                errors.setdefault(place, {})["timestamp"] = [f"{event['timestamp'].isoformat()} is in the future."]
        if errors:
            raise serializers.ValidationError({"events": errors})
        done = [(known[event["sku"]], Kind(event["kind"]), event.get("timestamp", now)) for event in events]
        return {"activities": history.of_events(done), "skus": list(known)}


class ByExampleForm(AskParams, ByExample):
    """In the body as well as in the query string."""


class SessionForm(AskParams, Session):
    """In the body as well as in the query string."""


def recommended(given: serializers.Serializer, query: RecommendationQuery) -> Recommendation:
    given.is_valid(raise_exception=True)
    activities, skus = given.validated_data["activities"], given.validated_data["skus"]
    return recommend.for_guest(activities, replace(query, exclude=[*query.exclude, *skus]))


class RecommendByExample(APIView):
    @recommends(
        summary="What goes with these products",
        description=f"{FOR_GUESTS} Without a personal model it goes by how the products look.",
        request=ByExampleForm,
    )
    def post(self, request: Request, query: RecommendationQuery) -> Recommendation:
        return recommended(ByExample(data=request.data), query)


class RecommendForSession(APIView):
    @recommends(
        summary="What goes with what a visitor did",
        description=FOR_GUESTS,
        request=SessionForm,
    )
    def post(self, request: Request, query: RecommendationQuery) -> Recommendation:
        return recommended(Session(data=request.data), query)
