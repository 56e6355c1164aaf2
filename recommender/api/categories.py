"""Resource categories/: what the shop sells, with the number of products of each."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import queries
from catalog.models import Category
from recommender.api.caching import revalidated
from recommender.api.fields import Limit, Parameters
from recommender.api.pagination import Pages
from recommender.api.products import READ


class CategoryParams(Parameters):
    """Parameters of the list of categories."""

    limit = Limit(required=False, help_text=f"Categories a page. Default: {Pages.page_size}.")


class CategorySerializer(serializers.Serializer[Category]):
    name = serializers.CharField()
    products = serializers.IntegerField(
        source="visible_products", min_value=1, help_text="Number of products that visitors see."
    )


class Categories(APIView):
    operations = {"GET": "list_categories"}
    rules = {"GET": READ}
    pagination_class = Pages  # drf-spectacular reads it

    @extend_schema(
        summary="Categories that have products",
        description="By their names. 304 if the caller has the same response, by If-None-Match.",
        parameters=[CategoryParams],
        responses={200: CategorySerializer(many=True), 304: None},
    )
    @revalidated
    def get(self, request: Request) -> Response:
        params = CategoryParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        pages = Pages(params.validated_data.get("limit"))
        rows = pages.page_of(queries.categories_with_counts(), request)
        shown = serializers.ListSerializer(rows, child=CategorySerializer())
        return pages.get_paginated_response(shown.data)
