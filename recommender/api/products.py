"""Resource products/: everybody may read, staff with the permission may write."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ValidationError as InvalidModel
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from psycopg2.errors import UniqueViolation
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalog import categories, page_urls, products, queries, upserts
from catalog.listing import NEWEST, RELEVANCE, Listing
from catalog.models import Product
from catalog.rows import VISIBLE, Sql, find_product
from recommender.api import idempotency
from recommender.api.caching import revalidated
from recommender.api.fields import (
    Attributes,
    Price,
    Validated,
)
from recommender.api.pagination import ProductPages
from recommender.api.permissions import Rule, is_granted
from recommender.api.preconditions import CHANGED, ETAG, IF_ABSENT, IF_MATCH, product_response, required_versions
from recommender.api.problems import as_sentence
from recommender.api.product_inputs import ProductForm, ProductInput, ProductUpsert, ProductUpsertForm
from recommender.api.product_lists import ProductParams, notes_of
from recommender.api.schema import CONFLICT
from recommender.versions.queries import findable_since


class SkuTaken(serializers.ValidationError):
    """Another product has the SKU."""

    status_code = 409


class ProductSerializer(serializers.Serializer[Product]):
    id = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField()
    category = serializers.CharField(source="category.name")
    price = Price()
    currency = serializers.CharField()
    image = serializers.SerializerMethodField(help_text="URL of its primary image.")
    thumbnail = serializers.SerializerMethodField(help_text="URL of a small copy of it, or of itself if it is small.")
    url = serializers.SerializerMethodField(help_text="URL of its page: in the storefront, or else here.")
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
    is_hidden = serializers.BooleanField(required=False, help_text="Left out if visitors see it.")

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_image(self, product: Product) -> str | None:
        image = product.primary_image
        return at_origin(self.origin, image.file.url) if image else None

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_thumbnail(self, product: Product) -> str | None:
        image = product.primary_image
        return at_origin(self.origin, image.display_url) if image else None

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, product: Product) -> str:
        return page_urls.escape(product.url) or at_origin(self.origin, product.get_absolute_url())

    def get_findable(self, product: Product) -> bool:
        return product.pk in self.context["findable"]

    @cached_property
    def origin(self) -> str:
        return origin_of(self.context["request"])

    def to_representation(self, product: Product) -> dict[str, Any]:
        """Return what the fields above give, without a call for each: a page has up to a hundred products."""
        image = product.primary_image
        payload = {
            "id": product.pk,
            "sku": product.sku,
            "title": product.title,
            "category": product.category.name,
            "price": f"{product.price:.2f}",
            "currency": product.currency,
            "image": at_origin(self.origin, image.file.url) if image else None,
            "thumbnail": at_origin(self.origin, image.display_url) if image else None,
            "url": self.get_url(product),
            "in_stock": product.in_stock,
            "attributes": product.attributes,
            "findable": self.get_findable(product),
        }
        if product.is_hidden:
            payload["is_hidden"] = True
        if image and image.problem:
            payload["problem"] = as_sentence(f"{image} {image.problem}")
        return payload


def origin_of(request: Request) -> str:
    """Return the scheme and the host of the request, as in https://example.com."""
    return request.build_absolute_uri("/").removesuffix("/")


def pages_of(request: Request) -> str:
    """Return the URL below which the shop's own pages of products are."""
    found: str = reverse("products", request=request)
    return found


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
    raise serializers.ValidationError({"category": no_category(name)})


def no_category(name: str) -> str:
    """Return why a product cannot be in this category."""
    return f"There is no category {name!r}; to add one needs the permission catalog.add_category."


@contextmanager
def rivals() -> Iterator[None]:
    """Raise SkuTaken if another product has the SKU, and NotFound if another request has deleted the product."""
    try:
        yield
    except Product.DoesNotExist as error:
        raise NotFound(as_sentence(error)) from error
    except InvalidModel as error:
        reasons = error.error_dict if hasattr(error, "error_dict") else {}
        if list(reasons) != ["sku"] or reasons["sku"][0].code != "unique":
            raise
        raise SkuTaken({"sku": error.message_dict["sku"]}) from error
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, UniqueViolation) or cause.diag.table_name != Product._meta.db_table:
            raise
        raise SkuTaken({"sku": "A product with this SKU was created just now."}) from error


READ = Rule(guests=True, permissions=("catalog.view_product",))
ADD, CHANGE, DELETE = "catalog.add_product", "catalog.change_product", "catalog.delete_product"


class Products(APIView):
    body_limit = settings.IMAGE_BODY_LIMIT
    operations = {"GET": "list_products", "POST": "create_product"}
    rules = {"GET": READ, "POST": Rule(permissions=(ADD,))}
    pagination_class = ProductPages  # drf-spectacular reads it

    @extend_schema(
        summary="List, search and filter products",
        parameters=[ProductParams],
        description="304 if the caller has the same response, by If-None-Match.",
        responses={200: ProductSerializer(many=True), 304: None},
    )
    @revalidated
    def get(self, request: Request) -> Response:
        params = ProductParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        filters = dict(params.validated_data)
        search, limit, names = filters.pop("search", ""), filters.pop("limit", None), filters.pop("facets", [])
        filters["categories"] = filters.pop("category", [])
        ordering = filters.pop("ordering", RELEVANCE if search.strip() else NEWEST)
        found = Listing(ordering, cast(queries.Filters, filters), search, with_hidden=sees_hidden(request))
        pages = self.pagination_class(limit)
        page = pages.products_of(found, request)
        context = product_context(request, page.products)
        shown = serializers.ListSerializer(page.products, child=ProductSerializer(), context=context)
        return pages.response(page, request, shown.data, notes_of(found, names))

    @extend_schema(
        summary="Add a product",
        description="Its image, or the one that `image_url` leads to, is embedded in the background; the product is "
        "findable within seconds.",
        request={"multipart/form-data": ProductForm, "application/json": ProductInput},
        parameters=[idempotency.KEY, idempotency.REPLAYED, ETAG],
        responses={201: ProductSerializer, **idempotency.ERRORS},
    )
    @idempotency.idempotent
    def post(self, request: Request) -> HttpResponseBase:
        fields = ProductInput(data=request.data, context={"pages": pages_of(request)}).product_fields()
        check_category(request, fields)
        with rivals():
            product = products.create(**fields)
        url = reverse("api:product", [product.sku], request=request)
        return written_response(request, product.sku, 201, {"Location": url})


def written_response(
    request: Request, sku: str, status: int = 200, headers: Mapping[str, str] = {}
) -> HttpResponseBase:
    """Return the product that was just written."""
    product = product_or_404(request, sku)
    return product_response(request, product, product_payload(request, product), status, headers)


class OneProduct(APIView):
    body_limit = settings.IMAGE_BODY_LIMIT
    operations = {"GET": "get_product", "PUT": "put_product", "PATCH": "change_product", "DELETE": "delete_product"}
    rules = {
        "GET": READ,
        "PUT": Rule(permissions=(CHANGE,)),
        "PATCH": Rule(permissions=(CHANGE,)),
        "DELETE": Rule(permissions=(DELETE,)),
    }

    @extend_schema(
        summary="One product",
        description="304 if the caller has this version, by If-None-Match.",
        parameters=[ETAG],
        responses={200: ProductSerializer, 304: None},
    )
    @revalidated
    def get(self, request: Request, sku: str) -> HttpResponseBase:
        product = shown_product_or_404(request, sku)
        return product_response(request, product, product_payload(request, product))

    @extend_schema(
        summary="Create or replace a product",
        description="A field that is not given gets its default, but an image: without one the images stay. To create "
        f"one needs the permission {ADD} as well.",
        request={"multipart/form-data": ProductUpsertForm, "application/json": ProductUpsert},
        parameters=[IF_MATCH, IF_ABSENT, ETAG],
        responses={200: ProductSerializer, 201: ProductSerializer, **CONFLICT, **CHANGED},
    )
    def put(self, request: Request, sku: str) -> HttpResponseBase:
        given = ProductUpsert(data=request.data, context={"pages": pages_of(request)})
        wanted = given.upsert_of(sku, required_versions(request))
        check_category(request, {"category": wanted.category})
        if not is_granted(request, ADD):
            product_or_404(request, sku)
        with rivals():
            result = upserts.upsert([wanted])
        if result.refused:
            raise serializers.ValidationError(result.refused[0])
        return written_response(request, sku, 201 if result.created else 200)

    @extend_schema(
        summary="Change a product",
        description="Only the given fields are changed. An image replaces the primary one.",
        request={"multipart/form-data": ProductForm, "application/json": ProductInput},
        parameters=[IF_MATCH, ETAG],
        responses={200: ProductSerializer, **CONFLICT, **CHANGED},
    )
    def patch(self, request: Request, sku: str) -> HttpResponseBase:
        product = product_or_404(request, sku)
        given = ProductInput(data=request.data, partial=True, context={"pages": pages_of(request)})
        fields = given.product_fields()
        check_category(request, fields)
        with rivals():
            products.update(product, versions=required_versions(request), **fields)
        return written_response(request, product.sku)

    @extend_schema(
        summary="Delete a product, its images and its interactions",
        parameters=[IF_MATCH],
        responses={204: None, **CHANGED},
    )
    def delete(self, request: Request, sku: str) -> Response:
        product = product_or_404(request, sku)
        with rivals():
            products.delete_version(product, required_versions(request))
        return Response(status=204)
