"""products/: read by anybody, written by staff."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalog import products, queries
from catalog.models import Product
from recommender.api.fields import CSRF_FIELD, Attributes, Filters, Flag, Limit, PictureField, Price
from recommender.api.pagination import Pages
from recommender.api.permissions import StaffWrites
from recommender.versions.queries import findable_since

ORDERINGS = [f"{sign}{column}" for column in ("price", "title", "created_at") for sign in ("", "-")]


class ProductParams(Filters):
    search = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Words of the title, or of the SKU."
    )
    ordering = serializers.ChoiceField(ORDERINGS, default="-created_at")
    limit = Limit(required=False, help_text=f"Products a page; {Pages.page_size} if nothing is said.")


class ProductInput(serializers.Serializer):
    sku = serializers.CharField(max_length=100, help_text="Neither spaces nor slashes.")
    title = serializers.CharField(max_length=300)
    category = serializers.CharField(max_length=100, help_text="Its name; a category that is new is made.")
    price = Price()
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, help_text="Three letters, as EUR.")
    image = PictureField(help_text="A file; inside JSON, base64 text or a data URL.")
    attributes = Attributes(required=False)
    in_stock = Flag(required=False)

    def validated(self) -> dict:
        """What catalog.products takes. Raises ValidationError, also for a field that no product has."""
        self.is_valid()
        errors = self.errors | {name: ["A product has no such field."] for name in self.unknown()}
        if errors:
            raise serializers.ValidationError(errors)
        return dict(self.validated_data)

    def unknown(self) -> list[str]:
        """The fields that make no sense. Those that are only told, such as `id`, may come back and are passed over."""
        given = self.initial_data if isinstance(self.initial_data, dict) else {}
        told = ProductSerializer().fields
        return [name for name in given if name not in self.fields and name not in told and name != CSRF_FIELD]


class ProductSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField()
    category = serializers.CharField(source="category.name")
    price = Price()
    currency = serializers.CharField()
    image = serializers.SerializerMethodField(help_text="The address of its primary picture.")
    url = serializers.SerializerMethodField(help_text="The address of its page.")
    in_stock = serializers.BooleanField()
    attributes = Attributes()
    findable = serializers.SerializerMethodField(help_text="Whether the active similarity model knows its picture.")

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_image(self, product: Product) -> str | None:
        image = product.primary_image
        return self.context["request"].build_absolute_uri(image.file.url) if image else None

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, product: Product) -> str:
        return self.context["request"].build_absolute_uri(product.get_absolute_url())

    def get_findable(self, product: Product) -> bool:
        return product.pk in self.context["findable"]


def product_context(request: Request, shown: Sequence[Product]) -> dict:
    """What ProductSerializer needs to know about these products: one query, however many they are."""
    return {"request": request, "findable": findable_since(shown)}


def as_json(request: Request, product: Product) -> dict:
    return ProductSerializer(product, context=product_context(request, [product])).data


def products_for(request: Request) -> QuerySet[Product]:
    shown = Product.objects.all() if request.user.is_staff else Product.objects.visible()
    return shown.with_images()


def product_or_404(request: Request, sku: str) -> Product:
    product = products_for(request).filter(sku=sku).first()
    if product is None:
        raise NotFound(f"There is no product {sku!r}.")
    return product


@contextmanager
def unique_sku() -> Iterator[None]:
    """Of two callers who take one SKU at once, the second is told as if it had come later."""
    try:
        yield
    except IntegrityError as error:
        raise serializers.ValidationError({"sku": "A product with this SKU was made just now."}) from error


class Products(APIView):
    permission_classes = [IsAuthenticatedOrReadOnly, StaffWrites]
    pagination_class = Pages  # here for the OpenAPI document, which looks for it

    @extend_schema(
        summary="List, search and filter products",
        parameters=[ProductParams],
        responses=ProductSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        params = ProductParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        filters = dict(params.validated_data)
        ordering, search, limit = filters.pop("ordering"), filters.pop("search", ""), filters.pop("limit", None)
        found = queries.search_products(queries.narrow(products_for(request), **filters), search)
        tie = "-pk" if ordering.startswith("-") else "pk"
        pages = self.pagination_class(limit)
        page = pages.paginate_queryset(found.order_by(ordering, tie), request)
        shown = ProductSerializer(page, many=True, context=product_context(request, page))
        return pages.get_paginated_response(shown.data)

    @extend_schema(
        summary="Add a product",
        description="It is embedded in the background, and findable within seconds.",
        request={"multipart/form-data": ProductInput, "application/json": ProductInput},
        responses={201: ProductSerializer},
    )
    def post(self, request: Request) -> Response:
        fields = ProductInput(data=request.data).validated()
        with unique_sku():
            product = products.create(**fields)
        answer = as_json(request, product_or_404(request, product.sku))
        address = reverse("api:product", [product.sku], request=request)
        return Response(answer, status=201, headers={"Location": address})


class OneProduct(APIView):
    permission_classes = [IsAuthenticatedOrReadOnly, StaffWrites]

    @extend_schema(summary="One product", responses=ProductSerializer)
    def get(self, request: Request, sku: str) -> Response:
        return Response(as_json(request, product_or_404(request, sku)))

    @extend_schema(
        summary="Change a product",
        description="Only the fields that are given. A picture replaces the primary one.",
        request={"multipart/form-data": ProductInput, "application/json": ProductInput},
        responses=ProductSerializer,
    )
    def patch(self, request: Request, sku: str) -> Response:
        product = product_or_404(request, sku)
        fields = ProductInput(data=request.data, partial=True).validated()
        with unique_sku():
            products.update(product, **fields)
        return Response(as_json(request, product_or_404(request, product.sku)))

    @extend_schema(summary="Delete a product, its pictures and its interactions", responses={204: None})
    def delete(self, request: Request, sku: str) -> Response:
        products.delete([product_or_404(request, sku)])
        return Response(status=204)
