"""Exports of all that is stored of one shopper or guest, in one file."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog import queries, visitors
from catalog.models import Interaction, Shopper
from recommender.api.designs import VIEW as VIEW_DESIGNS
from recommender.api.designs import DesignSerializer
from recommender.api.histories import InteractionSerializer
from recommender.api.permissions import PUBLIC, Rule, account_of, is_granted
from recommender.api.users import READ, shopper_for
from recommender.api.visitors import TOKEN, required_visitor_of
from recommender.designs import lifecycle
from recommender.models import ShopperVector

CHUNK = 1000  # interactions that are in memory at once


class AccountSerializer(serializers.Serializer[User]):
    username = serializers.CharField()
    email = serializers.CharField()
    date_joined = serializers.DateTimeField()
    last_login = serializers.DateTimeField(allow_null=True)


class TasteSerializer(serializers.Serializer[ShopperVector]):
    model = serializers.IntegerField(source="version_id", help_text="Id of the model version that learnt it.")
    vector = serializers.ListField(child=serializers.FloatField())


class ExportSerializer(serializers.Serializer[None]):
    """The file of a shopper or guest; a guest's has no account, taste or designs."""

    account = AccountSerializer(allow_null=True, help_text="In the caller's own file.")
    user = serializers.CharField(allow_null=True, help_text="The shop's id of the shopper.")
    sessions = serializers.ListField(child=serializers.CharField(), help_text="The guest's, or merged ones.")
    taste = TasteSerializer(many=True, help_text="What models have learnt.")
    designs = DesignSerializer(many=True, help_text=f"To others than the shopper with {VIEW_DESIGNS}.")
    interactions = InteractionSerializer(many=True, help_text="The newest first.")


EXPORT = extend_schema(
    summary="All that is stored of a person",
    description="A JSON file. The images of a design are at its `url`.",
    responses=ExportSerializer,
)


def export_of_shopper(request: Request, shopper: Shopper | None, *, is_own: bool) -> StreamingHttpResponse:
    """Return the file of a shopper; of an account that has done nothing if there is none."""
    account = account_of(request) if is_own else None
    has_designs = is_own or is_granted(request, VIEW_DESIGNS)
    designs = lifecycle.designs_of(shopper if has_designs else None).select_related("shopper", "category", "product")
    tastes = ShopperVector.objects.filter(shopper=shopper)
    known = {
        "account": AccountSerializer(account).data if account else None,
        "user": shopper.key if shopper else None,
        "sessions": list(shopper.merged_sessions.values_list("session", flat=True)) if shopper else [],
        "taste": serializers.ListSerializer(tastes, child=TasteSerializer()).data,
        "designs": serializers.ListSerializer(designs, child=DesignSerializer(), context={"request": request}).data,
    }
    return export(known, queries.interactions_of(shopper=shopper))


def export_of_guest(session: str) -> StreamingHttpResponse:
    """Return the file of a guest, of whom there are interactions alone."""
    known = {"account": None, "user": None, "sessions": [session], "taste": [], "designs": []}
    return export(known, queries.interactions_of(session=session))


def export(known: dict[str, Any], rows: QuerySet[Interaction]) -> StreamingHttpResponse:
    """Return the file of what is known, and of interactions, of which there may be many."""
    shown = rows.select_related("product").iterator(chunk_size=CHUNK)
    response = StreamingHttpResponse(write(known, shown), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="export.json"'
    return response


def write(known: dict[str, Any], rows: Iterable[Interaction]) -> Iterator[bytes]:
    """Yield the text of the file."""
    render = JSONRenderer().render
    yield render(known)[:-1] + b',"interactions":['
    one = InteractionSerializer()
    for index, row in enumerate(rows):
        yield (b"," if index else b"") + render(one.to_representation(row))
    yield b"]}"


class MyExport(APIView):
    operations = {"GET": "export_me"}
    rules = {"GET": Rule(accounts=True)}

    @EXPORT
    def get(self, request: Request) -> StreamingHttpResponse:
        account = account_of(request)
        return export_of_shopper(request, visitors.find_shopper(account) if account else None, is_own=True)


class UserExport(APIView):
    operations = {"GET": "export_user"}
    rules = {"GET": Rule(accounts=True, permissions=(READ,))}

    @EXPORT
    def get(self, request: Request, key: str) -> StreamingHttpResponse:
        account, shopper = account_of(request), shopper_for(request, key, READ)
        is_own = account is not None and (shopper is None or shopper == visitors.find_shopper(account))
        return export_of_shopper(request, shopper, is_own=is_own)


class OwnVisitorExport(APIView):
    operations = {"GET": "export_own_visitor"}
    rules = {"GET": PUBLIC}

    @TOKEN
    @EXPORT
    def get(self, request: Request) -> StreamingHttpResponse:
        return export_of_guest(required_visitor_of(request).session)


class VisitorExport(APIView):
    operations = {"GET": "export_visitor"}
    rules = {"GET": Rule(permissions=(READ,))}

    @EXPORT
    def get(self, request: Request, session: str) -> StreamingHttpResponse:
        return export_of_guest(session)
