"""interactions/: what shoppers and guests did with products."""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from django.utils.functional import cached_property
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import interactions, visitors
from catalog.interactions import Event
from catalog.models import Kind
from recommender.api.errors import errors_by_field
from recommender.api.users import names_of
from recommender.serving import saved

MOST = 1000  # interactions a request
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # what is older is a clock that was never set
LARGEST_POSITION = 2**31 - 1


class AnswerId(serializers.UUIDField):
    default_error_messages = {"invalid": "Must be a UUID, as an answer gives it."}

    def to_internal_value(self, data: object) -> uuid.UUID:
        if not isinstance(data, str):  # any whole number would do for a UUID
            self.fail("invalid")
        return super().to_internal_value(data)


class InteractionInput(serializers.Serializer):
    user = serializers.CharField(required=False, max_length=150, help_text="The shop's own id for a shopper.")
    session = serializers.CharField(required=False, max_length=150, help_text="The caller's own id for a guest.")
    sku = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(Kind.choices)
    timestamp = serializers.DateTimeField(required=False, help_text="ISO 8601; without an offset, UTC. Default: now.")
    id = serializers.CharField(
        required=False, max_length=150, help_text="The same id twice, from one user or session, counts once."
    )
    recommendation_id = AnswerId(
        required=False,
        help_text="Of the answer that led here. While that is kept, its placement is kept with the interaction.",
    )
    position = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_POSITION, help_text="The rank in that answer."
    )

    def validate_timestamp(self, timestamp: datetime) -> datetime:
        if timestamp < EPOCH:
            raise serializers.ValidationError(f"{timestamp.isoformat()} is before 1970.")
        return timestamp


ONE_OR_MANY = PolymorphicProxySerializer(
    "Interactions", [InteractionInput, InteractionInput(many=True)], resource_type_field_name=None, many=False
)


class RejectedSerializer(serializers.Serializer):
    index = serializers.IntegerField(min_value=0, help_text="The place in the list, from 0.")
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class RecordedSerializer(serializers.Serializer):
    accepted = serializers.IntegerField(min_value=0)
    duplicates = serializers.IntegerField(min_value=0)
    rejected = RejectedSerializer(many=True)


class Caller:
    """Whose interactions this request may record, and whose it records when it names nobody."""

    def __init__(self, request: Request):
        self.request = request
        self.account = request.user if request.user.is_authenticated else None
        self.names = names_of(request.user, visitors.find_shopper(request.user)) if self.account else set()

    def event(self, fields: dict) -> Event:
        """Raises ValidationError for a user whom the caller may not speak for."""
        user, session = fields.pop("user", ""), fields.pop("session", "")
        if user and session:
            raise serializers.ValidationError({"session": "Either user or session is expected, not both."})
        if user in self.names or not (user or session):
            return Event(**self.itself, **fields)
        if user and self.account is None:
            raise serializers.ValidationError({"user": "Without credentials only a session's interactions are taken."})
        if user and not self.account.is_staff:
            raise serializers.ValidationError({"user": f"This account may not speak for {user!r}."})
        return Event(user=user, session=session, **fields)

    @cached_property
    def itself(self) -> dict[str, str]:
        """The caller's own user or session, made if needed."""
        visitor = visitors.get_or_create_visitor(self.request)
        return {"user": visitor.shopper.key} if visitor.shopper else {"session": visitor.session}


class Interactions(APIView):
    @extend_schema(
        summary="Record interactions",
        description=f"One, or a list of up to {MOST:,}. Each is judged by itself: a bad one is told, the rest is kept.",
        request={"application/json": ONE_OR_MANY},
        responses={202: RecordedSerializer},
    )
    def post(self, request: Request) -> Response:
        if not isinstance(request.data, (dict, list)):
            raise ParseError("An interaction is an object; send one, or a list of them.")
        items = request.data if isinstance(request.data, list) else [request.data]
        if not 1 <= len(items) <= MOST:
            raise ParseError(f"{len(items):,} interactions; 1 to {MOST:,} are taken at a time.")
        events, rejected = read(items, Caller(request))
        recorded = interactions.record(placed(events.values()))
        places = list(events)
        rejected |= {places[index]: errors for index, errors in recorded.rejected.items()}
        told = {
            "accepted": recorded.accepted,
            "duplicates": recorded.duplicates,
            "rejected": [{"index": index, "errors": rejected[index]} for index in sorted(rejected)],
        }
        return Response(told, status=202)


def placed(events: Iterable[Event]) -> list[Event]:
    """The events, each with the placement of the answer it came from; an expired answer's is not known any more."""
    events = list(events)
    known = saved.placements({event.recommendation_id for event in events if event.recommendation_id})
    return [replace(event, placement=known.get(event.recommendation_id, "")) for event in events]


def read(items: list, caller: Caller) -> tuple[dict[int, Event], dict[int, dict[str, list[str]]]]:
    """Events by their place in the list, and the reasons against the others by theirs."""
    events, rejected = {}, {}
    serializer = InteractionInput()  # one for all: making a serializer costs more than running it
    for index, item in enumerate(items):
        try:
            events[index] = caller.event(serializer.run_validation(item))
        except serializers.ValidationError as error:
            rejected[index] = errors_by_field(error.detail)
    return events, rejected
