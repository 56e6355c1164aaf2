"""Resource interactions/: recording of interactions of shoppers and guests with products."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import empty
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import interactions, queries, visitors
from catalog.interactions import Event
from catalog.visitors import HEADER, Visitor
from recommender.access.keys import key_of
from recommender.api.errors import errors_by_field
from recommender.api.fields import KindField, Sku, Timestamp, Validated
from recommender.api.permissions import Rule, is_granted
from recommender.api.users import names_of
from recommender.api.visitors import visitor_of
from recommender.serving import saved

MAX_INTERACTIONS = 1000  # a request
MAX_POSITION = 2**31 - 1


class RecommendationId(serializers.UUIDField):
    """Id of a recommendation, as text: DRF would take any whole number for a UUID."""

    default_error_messages = {"invalid": "Must be a UUID: the recommendation_id of a response."}

    def to_internal_value(self, data: uuid.UUID | str | int) -> uuid.UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class InteractionInput(serializers.Serializer[None]):
    user = serializers.CharField(
        required=False, max_length=150, trim_whitespace=False, help_text="The shop's id of a shopper."
    )
    session = serializers.CharField(
        required=False,
        max_length=150,
        trim_whitespace=False,
        help_text=f"The shop's id of a guest. Without user and session, the guest whose token is in {HEADER}, or the "
        "caller. Popularity counts what a guest's token or staff vouch for, and nothing of other sessions.",
    )
    sku = Sku(help_text="SKU of a product, or of a variant of one.")
    kind = KindField(help_text="In any capitals; words of other programs, such as AddToCart, are taken as well.")
    timestamp = Timestamp(required=False, help_text="ISO 8601; without an offset, UTC. Default: now.")
    id = serializers.CharField(
        required=False,
        max_length=150,
        trim_whitespace=False,
        help_text="The same id of the same user or session counts once.",
    )
    recommendation_id = RecommendationId(
        required=False,
        help_text="Id of the recommendation that led here. If it is still saved, its placement is stored as well.",
    )
    position = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_POSITION, help_text="The rank in that recommendation."
    )

    def to_internal_value(self, data: object) -> Validated:
        """Check the fields that an item has, and those that it must have.

        DRF asks each field of the serializer for its part of the data: a thousand items take twice as long.
        """
        if not isinstance(data, dict) or isinstance(data, QueryDict):  # a form has its own ways to leave a field empty
            validated: Validated = super().to_internal_value(data)
            return validated
        found, errors = {}, {}
        for name, field in self.fields.items():
            if name in data or field.required:
                try:
                    found[name] = field.run_validation(data.get(name, empty))
                except serializers.ValidationError as error:
                    errors[name] = error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return found


ONE_OR_MANY = PolymorphicProxySerializer(
    "Interactions", [InteractionInput, InteractionInput(many=True)], resource_type_field_name=None, many=False
)


class RejectedSerializer(serializers.Serializer[None]):
    index = serializers.IntegerField(min_value=0, help_text="Index in the list, from 0.")
    errors = serializers.DictField(  # type: ignore[assignment]  # DRF's metaclass moves fields out of the class
        child=serializers.ListField(child=serializers.CharField())
    )


class RecordedSerializer(serializers.Serializer[None]):
    accepted = serializers.IntegerField(min_value=0)
    duplicates = serializers.IntegerField(min_value=0)
    rejected = RejectedSerializer(many=True)


class Reporter:
    """Caller of the request: the users and sessions whose interactions it may record, and its own user or session."""

    def __init__(self, request: Request, sessions: Iterable[str]) -> None:
        """Take the request, and the sessions that are named in it."""
        self.request = request
        self.sessions = set(sessions)
        self.account = request.user if request.user.is_authenticated else None
        self.names = names_of(self.account, visitors.find_shopper(self.account)) if self.account else set()

    def event(self, fields: Validated) -> Event:
        """Return the event, the caller's own if no user or session is given.

        Raises ValidationError for a user or a session whose interactions the caller may not record.
        """
        user, session = fields.pop("user", ""), fields.pop("session", "")
        if user and session:
            raise serializers.ValidationError({"session": "Use either user or session, not both."})
        if user in self.names or not (user or session):
            own = self.own_identity
            user, session = (own.shopper.key, "") if own.shopper else ("", own.session)
            return Event(user=user, session=session, is_verified=own.is_verified, **fields)
        if user and not self.is_for_everybody:
            reason = f"This account may not record interactions of {user!r}."
            if self.account is None:
                reason = "Without the credentials of an account or a secret key only a session may be used."
            raise serializers.ValidationError({"user": reason})
        if session in self.reserved and not self.is_for_everybody:
            raise serializers.ValidationError({"session": f"Only this guest may use it, by the header {HEADER}."})
        return Event(user=user, session=session, is_verified=self.is_for_everybody, **fields)

    @cached_property
    def reserved(self) -> set[str]:
        """Return the named sessions of other guests of the shop's own pages, and those of tokens."""
        return visitors.find_reserved(self.sessions) - {self.request.session.session_key}

    @cached_property
    def is_for_everybody(self) -> bool:
        return is_granted(self.request, "catalog.add_interaction")

    @cached_property
    def own_identity(self) -> Visitor:
        """Return the guest whose token was sent, or the caller; a shopper or session is created if needed."""
        if guest := visitor_of(self.request):
            return guest
        if key_of(self.request):
            raise serializers.ValidationError(
                f"A key has no visitor of its own: name a user or a session, or send the header {HEADER}."
            )
        return visitors.get_or_create_visitor(self.request)


class Interactions(APIView):
    body_limit = settings.BATCH_BODY_LIMIT
    operations = {"POST": "record_interactions"}
    rules = {"POST": Rule(guests=True, permissions=("catalog.add_interaction",))}

    @extend_schema(
        summary="Record interactions",
        description=f"One interaction, or a list of up to {MAX_INTERACTIONS:,}. Each is checked by itself: those that "
        "are not valid are reported, the others are recorded.",
        request={"application/json": ONE_OR_MANY},
        responses={202: RecordedSerializer},
    )
    def post(self, request: Request) -> Response:
        body: object = request.data
        if not isinstance(body, (dict, list)):
            raise ParseError("An interaction is an object; send one, or a list of them.")
        items = body if isinstance(body, list) else [body]
        if not 1 <= len(items) <= MAX_INTERACTIONS:
            raise ParseError(f"{len(items):,} interactions; a request has 1 to {MAX_INTERACTIONS:,} of them.")
        events, rejected = parse_interactions(items, request)
        recorded = interactions.record(of_products(with_placements(events.values())))
        indices = list(events)
        rejected |= {indices[index]: errors for index, errors in recorded.rejected.items()}
        payload = {
            "accepted": recorded.accepted,
            "duplicates": recorded.duplicates,
            "rejected": [{"index": index, "errors": rejected[index]} for index in sorted(rejected)],
        }
        return Response(payload, status=202)


def of_products(events: Sequence[Event]) -> list[Event]:
    """Return the events, those of variants with the SKUs of their products."""
    products = queries.products_of_variants({event.sku for event in events})
    return [replace(event, sku=products.get(event.sku, event.sku)) for event in events]


def with_placements(events: Iterable[Event]) -> list[Event]:
    """Return the events, each with the placement of its recommendation; "" if that is no longer saved."""
    events = list(events)
    known = saved.placements({event.recommendation_id for event in events if event.recommendation_id})
    return [
        replace(event, placement=known.get(event.recommendation_id, "")) if event.recommendation_id else event
        for event in events
    ]


def parse_interactions(
    items: list[object], request: Request
) -> tuple[dict[int, Event], dict[int, dict[str, list[str]]]]:
    """Return the events by their index in the list, and the errors of the other items by theirs."""
    validated: dict[int, Validated] = {}
    events: dict[int, Event] = {}
    rejected: dict[int, dict[str, list[str]]] = {}
    serializer = InteractionInput()  # one for all items: to create a serializer costs more than to run it
    for index, item in enumerate(items):
        try:
            validated[index] = serializer.to_internal_value(item)
        except serializers.ValidationError as error:
            rejected[index] = errors_by_field(error.detail)
    reporter = Reporter(request, [fields["session"] for fields in validated.values() if "session" in fields])
    for index, fields in validated.items():
        try:
            events[index] = reporter.event(fields)
        except serializers.ValidationError as error:
            rejected[index] = errors_by_field(error.detail)
    return events, rejected
