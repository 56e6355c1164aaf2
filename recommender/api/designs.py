"""Resource designs/: generated images for a shopper, with the nearest products of the shop."""

import uuid
from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalog import categories, visitors
from catalog.models import Category, Product, Shopper
from recommender.api import idempotency
from recommender.api.fields import MAX_SKU_LENGTH, Limit, Number, Parameters, Strict, Validated
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule, account_of, is_granted
from recommender.api.problems import as_sentence
from recommender.api.products import ProductSerializer, at_origin, origin_of, product_context, products_for
from recommender.api.schema import CONFLICT
from recommender.api.users import shopper_for
from recommender.designs import gallery, lifecycle
from recommender.designs.gallery import Gallery, GalleryImage
from recommender.designs.lifecycle import MOST_ETA, MOST_IMAGES
from recommender.errors import CategoryNotLearned
from recommender.models import Design, DesignImage, Status

VIEW, ADD, CHANGE, DELETE = (f"recommender.{verb}_design" for verb in ("view", "add", "change", "delete"))


def own_or(permission: str) -> Rule:
    """Return the rule that lets an account reach its own designs, and staff with the permission those of others."""
    return Rule(accounts=True, permissions=(permission,))


class UserRequired(serializers.ValidationError):
    """A request by a key, which is no shopper itself, without the shopper that it means."""

    default_detail = {"user": ["A key has no shopper of its own: `user` is required."]}


def own_shopper(account: User | None) -> Shopper:
    """Return the shopper of an account, which is created if it has none. Raises UserRequired for a key."""
    if account is None:
        raise UserRequired
    return visitors.find_shopper(account) or visitors.create_shopper(account)


def own_name(account: User | None) -> str:
    """Return the name of an account. Raises UserRequired for a key."""
    if account is None:
        raise UserRequired
    return account.get_username()


class DesignInput(Strict):
    user = serializers.CharField(
        required=False,
        max_length=150,
        trim_whitespace=False,
        help_text="Key of the shopper. Default: the caller's own shopper.",
    )
    category = serializers.CharField(
        required=False,
        max_length=100,
        help_text="Name of the category of which to generate images. Use either category or sku.",
    )
    count = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_IMAGES,
        help_text="With category: number of images, fewer if some look unlike a product. Default: 12.",
    )
    eta = Number(
        required=False,
        min_value=0,
        max_value=MOST_ETA,
        help_text="With category: weight of the realism of an image, relative to the shopper's taste. Default: 1.",
    )
    sku = serializers.CharField(
        required=False, max_length=MAX_SKU_LENGTH, help_text="SKU of a product to change towards the shopper's taste."
    )
    budget = Number(
        required=False,
        min_value=0,
        max_value=1,
        help_text="With sku: largest change, as the mean over pixels. Default: 0.05.",
    )

    def validate_category(self, name: str) -> Category:
        found = categories.find_by_name([name]).get(name)
        if found is None:
            raise serializers.ValidationError(f"There is no category {name!r}.")
        return found

    def validate_sku(self, sku: str) -> Product:
        product = products_for(self.context["request"]).filter(sku=sku).first()
        if product is None:
            raise serializers.ValidationError(f"There is no product {sku!r}.")
        if product.primary_image is None:
            raise serializers.ValidationError(f"The product {sku!r} has no image.")
        return product

    def validate_user(self, key: str) -> Shopper | None:
        try:
            return shopper_for(self.context["request"], key, ADD)
        except NotFound as error:
            raise serializers.ValidationError(str(error.detail)) from error

    def validate(self, attrs: Validated) -> Validated:
        if ("category" in attrs) == ("sku" in attrs):
            raise serializers.ValidationError("Either category or sku is required, and not both.")
        kind, others = ("sku", ("budget",)) if "category" in attrs else ("category", ("count", "eta"))
        if errors := {name: [f"It may only be used with {kind}."] for name in others if name in attrs}:
            raise serializers.ValidationError(errors)
        return attrs

    def request_design(self) -> Design:
        """Request the design. Raises ValidationError, and what recommender.designs.lifecycle.request raises."""
        self.is_valid(raise_exception=True)
        params, account = dict(self.validated_data), account_of(self.context["request"])
        shopper = params.pop("user", None) or own_shopper(account)
        field = "sku" if "sku" in params else "category"
        try:
            if field == "sku":
                return lifecycle.request_tailoring(shopper, params.pop("sku"), **params)
            return lifecycle.request(shopper, params.pop("category"), **params)
        except CategoryNotLearned as error:
            raise serializers.ValidationError({field: as_sentence(error)}) from error


class RequestedSerializer(serializers.Serializer[Design]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    url = serializers.SerializerMethodField(help_text="URL at which its progress can be read.")

    def get_url(self, design: Design) -> str:
        url: str = reverse("api:design", [design.pk], request=self.context["request"])
        return url


class DesignSerializer(RequestedSerializer):
    """Design without its images, as in a list."""

    progress = serializers.FloatField(min_value=0, max_value=1)
    error = serializers.CharField(required=False, help_text="Why the design failed.")
    user = serializers.CharField(source="shopper.key")
    category = serializers.CharField(source="category.name")
    sku = serializers.CharField(
        source="product.sku", default=None, allow_null=True, help_text="SKU of a tailored product."
    )
    count = serializers.IntegerField(required=False)
    eta = serializers.FloatField(required=False)
    budget = serializers.FloatField(required=False)
    created_at = serializers.DateTimeField()
    page = serializers.SerializerMethodField(help_text="URL of its page.")

    def get_page(self, design: Design) -> str:
        return at_origin(origin_of(self.context["request"]), design.get_absolute_url())

    def to_representation(self, design: Design) -> dict[str, Any]:
        payload = super().to_representation(design)
        unused = ("count", "eta") if design.product_id else ("budget",)
        for name in unused if design.error else (*unused, "error"):
            del payload[name]
        return payload


class ImageSerializer(serializers.Serializer[GalleryImage]):
    kind = serializers.ChoiceField(DesignImage.Kind.choices, source="image.kind")
    url = serializers.SerializerMethodField()
    score = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="A chance that is at most so high: of the products that shoppers took later and as many drawn at "
        "random, the share that were taken of those which score like the image. It was made to score high, and no "
        "shopper ever chose between it and a product.",
    )
    realism = serializers.FloatField(
        min_value=0, max_value=1, help_text="How real the image looks to the discriminator."
    )
    change = serializers.FloatField(
        source="image.change",
        required=False,
        help_text="Of a tailored product: mean difference of pixels from the approximation. Of the original: the mean "
        "difference of pixels between it and the approximation.",
    )
    step = serializers.IntegerField(
        source="image.step", required=False, help_text="Of a tailored product: number of steps."
    )
    nearest = ProductSerializer(many=True, help_text="Most similar products that can be bought, the nearest first.")

    def get_url(self, hanging: GalleryImage) -> str:
        return at_origin(origin_of(self.context["request"]), hanging.image.url)

    def to_representation(self, hanging: GalleryImage) -> dict[str, Any]:
        payload = super().to_representation(hanging)
        return {name: value for name, value in payload.items() if value is not None}


class GallerySerializer(DesignSerializer):
    """Design with its images, which are in the context as `gallery`."""

    images = ImageSerializer(many=True, help_text="Images of a finished design.")
    nearest = ProductSerializer(many=True, help_text="Products nearest to any of the images that can be bought.")

    def to_representation(self, design: Design) -> dict[str, Any]:
        gallery: Gallery = self.context["gallery"]
        payload: dict[str, Any] = DesignSerializer(design, context=self.context).data
        payload["images"] = self.fields["images"].to_representation(gallery.images)
        payload["nearest"] = self.fields["nearest"].to_representation(gallery.nearest)
        return payload


def design_response(request: Request, design: Design) -> Response:
    """Return the design with its images as a response."""
    shown = gallery.build_gallery(design)
    products = [*shown.nearest, *(product for hanging in shown.images for product in hanging.nearest)]
    context = product_context(request, products) | {"gallery": shown}
    return Response(GallerySerializer(shown.design, context=context).data)


class DesignListParams(Parameters):
    """Parameters of a list of designs."""

    user = serializers.CharField(
        required=False,
        max_length=150,
        trim_whitespace=False,
        help_text="Key of the shopper. Default: the caller's own shopper.",
    )
    limit = Limit(required=False, help_text=f"Designs a page. Default: {Pages.page_size}.")


class Designs(APIView):
    operations = {"GET": "list_designs", "POST": "create_design"}
    rules = {"GET": own_or(VIEW), "POST": own_or(ADD)}
    pagination_class = Pages

    @extend_schema(
        summary="A shopper's designs",
        description="The newest first, without their images. An account may read its own designs, staff with the "
        "permission recommender.view_design those of every shopper.",
        parameters=[DesignListParams],
        responses=DesignSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        params = DesignListParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        user = params.validated_data.get("user") or own_name(account_of(request))
        found = lifecycle.designs_of(shopper_for(request, user, VIEW)).select_related("shopper", "category", "product")
        pages = self.pagination_class(params.validated_data.get("limit"))
        page = pages.page_of(found, request)
        shown = serializers.ListSerializer(page, child=DesignSerializer(), context={"request": request})
        return pages.get_paginated_response(shown.data)

    @extend_schema(
        summary="Request a design for a shopper",
        description="With a category, `count` new images of it that the shopper would like; with the `sku` of a "
        "product, images of it changed towards the shopper's taste. A worker generates them; read `url` for the "
        "progress. 409 if the shopper has too few interactions, 429 if the shopper has requested too many designs.",
        request=DesignInput,
        parameters=[idempotency.KEY, idempotency.REPLAYED],
        responses={202: RequestedSerializer, **idempotency.ERRORS},
    )
    @idempotency.idempotent
    def post(self, request: Request) -> Response:
        design = DesignInput(data=request.data, context={"request": request}).request_design()
        payload = RequestedSerializer(design, context={"request": request}).data
        return Response(payload, status=202, headers={"Location": payload["url"]})


def design_or_404(request: Request, pk: uuid.UUID, permission: str) -> Design:
    """Return the design. Raises NotFound unless it is the caller's own, or the caller is staff with the permission."""
    is_for_everybody = is_granted(request, permission)
    found = lifecycle.remaining() if is_for_everybody else lifecycle.within_reach(request.user, permission)
    design = found.filter(pk=pk).first()
    if design is None:
        raise NotFound(f"You have no design {str(pk)!r}.")
    return design


class OneDesign(APIView):
    operations = {"GET": "get_design", "DELETE": "delete_design"}
    rules = {"GET": own_or(VIEW), "DELETE": own_or(DELETE)}

    @extend_schema(
        summary="A design: its progress and its images",
        description="An account may read its own designs, staff those of every shopper. The images are available from "
        "status `done` until the design expires.",
        responses=GallerySerializer,
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return design_response(request, design_or_404(request, pk, VIEW))

    @extend_schema(
        summary="Cancel or delete a design",
        description="A design that is not finished is cancelled, any other is deleted with its images.",
        responses={204: None},
    )
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        lifecycle.cancel_or_remove(design_or_404(request, pk, DELETE))
        return Response(status=204)


class CancelDesign(APIView):
    operations = {"POST": "cancel_design"}
    rules = {"POST": own_or(CHANGE)}

    @extend_schema(
        summary="Cancel a design that is not finished",
        description="Its worker stops within seconds. 409 if the design is finished.",
        request=None,
        responses={200: GallerySerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        design = design_or_404(request, pk, CHANGE)
        lifecycle.cancel(design)
        return design_response(request, design)
