"""The interactions of one shopper or guest, page by page."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Interaction
from recommender.api.pagination import Pages


class InteractionSerializer(serializers.ModelSerializer[Interaction]):
    """One interaction, as it is stored."""

    sku = serializers.CharField(source="product.sku")
    timestamp = serializers.DateTimeField(source="occurred_at")
    id = serializers.CharField(source="event_id", help_text="The id that the sender gave it; empty if it gave none.")

    class Meta:
        model = Interaction
        fields = ["sku", "kind", "timestamp", "id", "recommendation_id", "position", "placement", "recorded_at"]


def history_page(request: Request, rows: QuerySet[Interaction]) -> Response:
    """Return the page of these interactions that the request names. Raises NotFound if there is no such page."""
    pages = Pages()
    page = pages.page_of(rows.select_related("product"), request)
    return pages.get_paginated_response(serializers.ListSerializer(page, child=InteractionSerializer()).data)
