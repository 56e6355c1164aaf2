"""Resource products/: everybody may read, staff with the permission may write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast
from urllib.parse import urljoin

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from psycopg2.errors import UniqueViolation
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalog import categories, products, queries
from catalog.listing import Listing
from catalog.models import Product
from catalog.rows import VISIBLE, Sql, find_product
from recommender.api.fields import (
    CSRF_FIELD,
    MAX_SKU_LENGTH,
    Attributes,
    Filters,
    Flag,
    Limit,
    Price,
    ProductImageField,
    Validated,
)
from recommender.api.pagination import ProductPages
from recommender.api.permissions import Rule, is_granted
from recommender.api.problems import as_sentence
from recommender.versions.queries import findable_since

ORDERINGS = [f"{sign}{column}" for column in ("price", "title", "created_at") for sign in ("", "-")]


class ProductParams(Filters):
    """Parameters of a list of products."""

    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Beginnings of words of the title or of the SKU. A product whose SKU is this text comes first.",
    )
    ordering = serializers.ChoiceField(ORDERINGS, default="-created_at")
    limit = Limit(required=False, help_text=f"Products a page. Default: {ProductPages.page_size}.")


class ProductInput(serializers.Serializer[None]):
    sku = serializers.CharField(max_length=MAX_SKU_LENGTH, help_text="Without spaces and slashes.")
    title = serializers.CharField(max_length=300)
    category = serializers.CharField(
        max_length=100, help_text="Name of the category, which is created if it does not exist."
    )
    price = Price()
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, help_text="Three letters, such as EUR.")
    image = ProductImageField(help_text="A file; in JSON, base64 text or a data URL.")
    attributes = Attributes(required=False)
    in_stock = Flag(required=False)

    def product_fields(self) -> Validated:
        """Return the arguments of catalog.products. Raises ValidationError, also for a field that no product has."""
        self.is_valid()
        errors = self.errors | {name: ["A product has no such field."] for name in self.unknown_fields()}
        if errors:
            raise serializers.ValidationError(errors)
        return dict(self.validated_data)

    def unknown_fields(self) -> list[str]:
        """Return the names of unknown fields. Fields of a response that are read-only, such as `id`, are ignored."""
        given = self.initial_data if isinstance(self.initial_data, dict) else {}
        known = {*self.fields, *ProductSerializer().fields, CSRF_FIELD}
        return [name for name in given if name not in known]


class ProductSerializer(serializers.Serializer[Product]):
    id = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField()
    category = serializers.CharField(source="category.name")
    price = Price()
    currency = serializers.CharField()
    image = serializers.SerializerMethodField(help_text="URL of its primary image.")
    url = serializers.SerializerMethodField(help_text="URL of its page.")
    in_stock = serializers.BooleanField()
    attributes = Attributes()
    findable = serializers.SerializerMethodField(
        help_text="Whether the active similarity model has embedded its image."
    )
    problem = serializers.CharField(
        required=False,
        source="primary_image.problem",
        help_text="Why no model can embed its primary image. Left out if its file can be read.",
    )

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_image(self, product: Product) -> str | None:
        image = product.primary_image
        return at_origin(self.origin, image.file.url) if image else None

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, product: Product) -> str:
        return at_origin(self.origin, product.get_absolute_url())

    def get_findable(self, product: Product) -> bool:
        return product.pk in self.context["findable"]

    def problem_of(self, product: Product) -> str:
        image = product.primary_image
        return as_sentence(f"{image} {image.problem}") if image and image.problem else ""

    @cached_property
    def origin(self) -> str:
        return origin_of(self.context["request"])

    def to_representation(self, product: Product) -> dict[str, Any]:
        """Return what the fields above give, without a call for each: a page has up to a hundred products."""
        problem = self.problem_of(product)
        return {
            "id": product.pk,
            "sku": product.sku,
            "title": product.title,
            "category": product.category.name,
            "price": f"{product.price:.2f}",
            "currency": product.currency,
            "image": self.get_image(product),
            "url": self.get_url(product),
            "in_stock": product.in_stock,
            "attributes": product.attributes,
            "findable": self.get_findable(product),
        } | ({"problem": problem} if problem else {})


def origin_of(request: Request) -> str:
    """Return the scheme and the host of the request, as in https://example.com."""
    return request.build_absolute_uri("/").removesuffix("/")


def at_origin(origin: str, path: str) -> str:
    """Return the URL of a path at this origin; one that names a host is complete already."""
    is_path = path.startswith("/") and not path.startswith("//")
    return f"{origin}{path}" if is_path else urljoin(f"{origin}/", path)


def product_context(request: Request, shown: Sequence[Product]) -> dict[str, Any]:
    """Return the context in which ProductSerializer represents these products, by one query."""
    return {"request": request, "findable": findable_since(shown)}


def product_payload(request: Request, product: Product) -> dict[str, Any]:
    """Return the representation of one product."""
    return ProductSerializer(product, context=product_context(request, [product])).data


def sees_hidden(request: Request) -> bool:
    """Return whether the caller may see hidden products, as in the admin."""
    return is_granted(request, "catalog.view_product", "catalog.change_product")


def products_for(request: Request) -> QuerySet[Product]:
    """Return the products that the caller may see."""
    shown = Product.objects.all() if sees_hidden(request) else Product.objects.visible()
    return shown.with_images()


def product_or_404(request: Request, sku: str) -> Product:
    """Return the product of this SKU. Raises NotFound unless the caller may see it."""
    product = products_for(request).filter(sku=sku).first()
    if product is None:
        raise NotFound(f"There is no product {sku!r}.")
    return product


def shown_to(request: Request, sku: str) -> Sql:
    """Return the condition of the product of this SKU, if the caller may see it."""
    where = Sql("p.sku = %s", (sku,))
    return where if sees_hidden(request) else where & VISIBLE


def shown_product_or_404(request: Request, sku: str) -> Product:
    """Return what product_or_404 does, to be shown and not to be changed; one statement."""
    product = find_product(shown_to(request, sku))
    if product is None:
        raise NotFound(f"There is no product {sku!r}.")
    return product


def check_category(request: Request, fields: Validated) -> None:
    """Raise ValidationError for a category that is not there yet, if the caller may not add one."""
    name = fields.get("category")
    if name is None or is_granted(request, "catalog.add_category") or categories.find_by_name([name]):
        return
    reason = f"There is no category {name!r}; to add one needs the permission catalog.add_category."
    raise serializers.ValidationError({"category": reason})


@contextmanager
def rivals() -> Iterator[None]:
    """Raise ValidationError or NotFound if another request has taken the SKU, or deleted the product, just now."""
    try:
        yield
    except Product.DoesNotExist as error:
        raise NotFound(as_sentence(error)) from error
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, UniqueViolation) or cause.diag.table_name != Product._meta.db_table:
            raise
        raise serializers.ValidationError({"sku": "A product with this SKU was created just now."}) from error


READ = Rule(guests=True, permissions=("catalog.view_product",))


class Products(APIView):
    body_limit = settings.IMAGE_BODY_LIMIT
    rules = {"GET": READ, "POST": Rule(permissions=("catalog.add_product",))}
    pagination_class = ProductPages  # drf-spectacular reads it

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
        found = Listing(ordering, cast(queries.Filters, filters), search, with_hidden=sees_hidden(request))
        pages = self.pagination_class(limit)
        page = pages.products_of(found, request)
        context = product_context(request, page.products)
        shown = serializers.ListSerializer(page.products, child=ProductSerializer(), context=context)
        return pages.response(page, request, shown.data)

    @extend_schema(
        summary="Add a product",
        description="Its image is embedded in the background; the product is findable within seconds.",
        request={"multipart/form-data": ProductInput, "application/json": ProductInput},
        responses={201: ProductSerializer},
    )
    def post(self, request: Request) -> Response:
        fields = ProductInput(data=request.data).product_fields()
        check_category(request, fields)
        with rivals():
            product = products.create(**fields)
        payload = product_payload(request, product_or_404(request, product.sku))
        url = reverse("api:product", [product.sku], request=request)
        return Response(payload, status=201, headers={"Location": url})


class OneProduct(APIView):
    body_limit = settings.IMAGE_BODY_LIMIT
    rules = {
        "GET": READ,
        "PATCH": Rule(permissions=("catalog.change_product",)),
        "DELETE": Rule(permissions=("catalog.delete_product",)),
    }

    @extend_schema(summary="One product", responses=ProductSerializer)
    def get(self, request: Request, sku: str) -> Response:
        return Response(product_payload(request, shown_product_or_404(request, sku)))

    @extend_schema(
        summary="Change a product",
        description="Only the given fields are changed. An image replaces the primary one.",
        request={"multipart/form-data": ProductInput, "application/json": ProductInput},
        responses=ProductSerializer,
    )
    def patch(self, request: Request, sku: str) -> Response:
        product = product_or_404(request, sku)
        fields = ProductInput(data=request.data, partial=True).product_fields()
        check_category(request, fields)
        with rivals():
            products.update(product, **fields)
        return Response(product_payload(request, product_or_404(request, product.sku)))

    @extend_schema(summary="Delete a product, its images and its interactions", responses={204: None})
    def delete(self, request: Request, sku: str) -> Response:
        products.delete([product_or_404(request, sku)])
        return Response(status=204)
