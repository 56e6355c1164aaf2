"""The interactions of one shopper or guest: page by page, and one by one."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import interactions
from catalog.models import Interaction, Kind
from recommender.api.fields import MAX_SKU_LENGTH, Limit, Parameters, Timestamp, Validated
from recommender.api.pagination import Pages


class HistoryParams(Parameters):
    """Parameters of a list of interactions."""

    kind = serializers.ChoiceField(Kind.choices, required=False)
    sku = serializers.CharField(required=False, max_length=MAX_SKU_LENGTH, help_text="SKU of a product.")
    since = Timestamp(required=False, help_text="The earliest time; ISO 8601, without an offset UTC.")
    until = Timestamp(required=False, help_text="The time before which they were.")
    limit = Limit(required=False, help_text=f"Interactions a page. Default: {Pages.page_size}.")

    LOOKUPS = {"kind": "kind", "sku": "product__sku", "since": "occurred_at__gte", "until": "occurred_at__lt"}

    def validate(self, attrs: Validated) -> Validated:
        if "since" in attrs and "until" in attrs and attrs["since"] > attrs["until"]:
            raise serializers.ValidationError({"since": "It is after until."})
        return attrs

    def conditions(self) -> dict[str, Any]:
        """Return the conditions of a queryset, without the length of a page."""
        given = self.validated_data
        return {lookup: given[name] for name, lookup in self.LOOKUPS.items() if name in given}


class InteractionSerializer(serializers.ModelSerializer[Interaction]):
    """One interaction, as it is stored."""

    sku = serializers.CharField(source="product.sku")
    timestamp = serializers.DateTimeField(source="occurred_at")
    id = serializers.CharField(
        source="public_id",
        help_text="The id that the sender gave it, or one of the shop's own: with it, one is deleted.",
    )

    class Meta:
        model = Interaction
        fields = ["sku", "kind", "timestamp", "id", "recommendation_id", "position", "placement", "recorded_at"]


HISTORY = extend_schema(parameters=[HistoryParams], responses=InteractionSerializer(many=True))


def history_page(request: Request, rows: QuerySet[Interaction]) -> Response:
    """Return the page of these interactions that the request names, and that pass its filters.

    Raises ValidationError for its parameters, and NotFound if there is no such page.
    """
    params = HistoryParams(data=request.query_params)
    params.is_valid(raise_exception=True)
    pages = Pages(params.validated_data.get("limit"))
    page = pages.page_of(rows.filter(**params.conditions()).select_related("product"), request)
    return pages.get_paginated_response(serializers.ListSerializer(page, child=InteractionSerializer()).data)


def delete_one(rows: QuerySet[Interaction], event: str) -> Response:
    """Delete the one of these interactions that has this id. Raises NotFound if none has it."""
    if not interactions.delete_one(rows, event):
        raise NotFound(f"There is no interaction {event!r}.")
    return Response(status=204)
