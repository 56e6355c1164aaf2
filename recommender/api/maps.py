"""Resource models/ID/map/: the taste map of a version, cell by cell, for staff."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.fields import Parameters
from recommender.api.models import READ, version_or_404
from recommender.api.permissions import Rule
from recommender.api.schema import CONFLICT
from recommender.maps import cells, making
from recommender.maps.cells import CELLS, DEEPEST, SIDE, Cell, Filter, View
from recommender.maps.models import TasteMap


class MapParams(Parameters):
    """Parameters of a part of a map."""

    zoom = serializers.IntegerField(
        min_value=0, max_value=DEEPEST, default=0, help_text="How many times the map is halved."
    )
    x = serializers.IntegerField(
        min_value=0, max_value=SIDE, default=0, help_text="Column of the first cell, at this zoom."
    )
    y = serializers.IntegerField(
        min_value=0, max_value=SIDE, default=0, help_text="Row of the first cell, at this zoom."
    )
    category = serializers.CharField(default="", max_length=100, help_text="Only products of this category.")
    attribute = serializers.CharField(
        default="", max_length=100, help_text="Only products with `value` as this attribute."
    )
    value = serializers.CharField(default="", max_length=100)


class CellSerializer(serializers.Serializer[Cell]):
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    products = serializers.IntegerField(source="count")
    sku = serializers.CharField(source="product.sku", help_text="The most popular of them.")


class TasteMapSerializer(serializers.ModelSerializer[TasteMap]):
    class Meta:
        model = TasteMap
        fields = ["created_at", "finished_at", "progress", "error", "products"]
        extra_kwargs = {
            "finished_at": {"help_text": "Null: a worker makes it."},
            "products": {"help_text": "Products on it."},
        }


class ViewSerializer(serializers.Serializer[dict[str, Any]]):
    latest = TasteMapSerializer(help_text="The last map that was requested, finished or not.")
    zoom = serializers.IntegerField()
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    cells = CellSerializer(many=True, help_text=f"Those with products of {CELLS} x {CELLS} cells, row by row.")


class ModelMap(APIView):
    operations = {"GET": "model_map", "POST": "make_model_map"}
    rules = {"GET": READ, "POST": Rule(permissions=("recommender.change_modelversion",))}

    @extend_schema(
        summary="Taste map of a model version",
        description="Products that look alike to it lie near each other. The cells with products of the view that is "
        "nearest to `zoom`, `x` and `y`, of the last map that was finished. 404 before a map was requested.",
        parameters=[MapParams],
        responses=ViewSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        params = MapParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        given, version = params.validated_data, version_or_404(pk)
        latest, shown = making.latest(version), making.shown(version)
        if latest is None:
            raise NotFound(f"There is no map of {version}; POST has a worker make one.")
        view = View.of(given["zoom"], given["x"], given["y"])
        chosen = Filter(given["category"], given["attribute"], given["value"])
        found = cells.read(shown, view, chosen) if shown else {}
        payload = {
            "latest": latest,
            "zoom": view.zoom,
            "x": view.left,
            "y": view.top,
            "cells": sorted(found.values(), key=lambda cell: (cell.y, cell.x)),
        }
        return Response(ViewSerializer(payload).data)

    @extend_schema(
        summary="Make the taste map of a model version",
        description="A worker lays out its products; GET has how far it is. 409 of a version that is not trained or "
        "embeds no products.",
        request=None,
        responses={202: TasteMapSerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        return Response(TasteMapSerializer(making.request(version_or_404(pk))).data, status=202)
