"""designs/: pictures made for a shopper, and what in the shop comes near them."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalog import categories, visitors
from catalog.models import Shopper
from recommender.api.fields import LONGEST_SKU, Limit, Number, Strict
from recommender.api.pagination import Pages
from recommender.api.problems import as_sentence
from recommender.api.products import ProductSerializer, product_context, products_for
from recommender.api.schema import CONFLICT
from recommender.api.users import shopper_for
from recommender.designs import gallery, lifecycle
from recommender.designs.gallery import Gallery, Hanging
from recommender.designs.lifecycle import MOST_ETA, MOST_PICTURES
from recommender.errors import UnknownToGenerator
from recommender.models import Design, DesignImage, Status


class DesignInput(Strict):
    user = serializers.CharField(required=False, max_length=150, help_text="The shopper's key; the caller's own.")
    category = serializers.CharField(
        required=False, max_length=100, help_text="Of what pictures are made: a category's name. Either this or sku."
    )
    count = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_PICTURES, help_text="Of a category: how many pictures; 12."
    )
    eta = Number(
        required=False,
        min_value=0,
        max_value=MOST_ETA,
        help_text="Of a category: what looking real weighs beside the taste; 1.",
    )
    sku = serializers.CharField(
        required=False, max_length=LONGEST_SKU, help_text="The product to be brought nearer to the taste."
    )
    budget = Number(
        required=False,
        min_value=0,
        max_value=1,
        help_text="Of a product: how much may change, as a mean of pixels; .05.",
    )

    def validate_category(self, name: str):
        found = categories.find_by_name([name]).get(name)
        if found is None:
            raise serializers.ValidationError(f"There is no category {name!r}.")
        return found

    def validate_sku(self, sku: str):
        product = products_for(self.context["request"]).filter(sku=sku).first()
        if product is None:
            raise serializers.ValidationError(f"There is no product {sku!r}.")
        if product.primary_image is None:
            raise serializers.ValidationError(f"The product {sku!r} has no picture.")
        return product

    def validate_user(self, key: str) -> Shopper | None:
        try:
            return shopper_for(self.context["request"], key)
        except NotFound as error:
            raise serializers.ValidationError(str(error.detail)) from error

    def validate(self, attrs: dict) -> dict:
        if ("category" in attrs) == ("sku" in attrs):
            raise serializers.ValidationError("Either a category or the sku of a product is needed.")
        strays = ("budget",) if "category" in attrs else ("count", "eta")
        if errors := {name: ["It does not belong to this request."] for name in strays if name in attrs}:
            raise serializers.ValidationError(errors)
        return attrs

    def requested(self) -> Design:
        """Raises ValidationError, and what designs.request raises."""
        self.is_valid(raise_exception=True)
        asked, account = dict(self.validated_data), self.context["request"].user
        shopper = asked.pop("user", None) or visitors.find_shopper(account) or visitors.create_shopper(account)
        field = "sku" if "sku" in asked else "category"
        try:
            if field == "sku":
                return lifecycle.request_tailoring(shopper, asked.pop("sku"), **asked)
            return lifecycle.request(shopper, asked.pop("category"), **asked)
        except UnknownToGenerator as error:
            raise serializers.ValidationError({field: as_sentence(error)}) from error


class RequestedSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    url = serializers.SerializerMethodField(help_text="Where it can be followed.")

    def get_url(self, design: Design) -> str:
        return reverse("api:design", [design.pk], request=self.context["request"])


class DesignSerializer(RequestedSerializer):
    """One of a list."""

    progress = serializers.FloatField(min_value=0, max_value=1)
    error = serializers.CharField(required=False, help_text="Of a failed one: why.")
    user = serializers.CharField(source="shopper.key")
    category = serializers.CharField(source="category.name")
    sku = serializers.CharField(source="product.sku", default=None, allow_null=True, help_text="Of a tailored product.")
    count = serializers.IntegerField(required=False)
    eta = serializers.FloatField(required=False)
    budget = serializers.FloatField(required=False)
    created_at = serializers.DateTimeField()
    page = serializers.SerializerMethodField(help_text="The address of its page.")

    def get_page(self, design: Design) -> str:
        return self.context["request"].build_absolute_uri(design.get_absolute_url())

    def to_representation(self, design: Design) -> dict:
        told = super().to_representation(design)
        others = ("count", "eta") if design.product_id else ("budget",)
        for name in others if design.error else (*others, "error"):
            del told[name]
        return told


class ImageSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(DesignImage.Kind.choices, source="image.kind")
    url = serializers.SerializerMethodField()
    score = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="The chance that the shopper would rather have this than an average product.",
    )
    realism = serializers.FloatField(min_value=0, max_value=1, help_text="How real it looks to the discriminator.")
    change = serializers.FloatField(
        source="image.change",
        required=False,
        help_text="Of tailoring: the mean difference from the approximation; of the original, the error left there.",
    )
    step = serializers.IntegerField(source="image.step", required=False, help_text="Of tailoring: how many were taken.")
    nearest = ProductSerializer(many=True, help_text="What looks most like it and can be bought, the nearest first.")

    def get_url(self, hanging: Hanging) -> str:
        return self.context["request"].build_absolute_uri(hanging.image.url)

    def to_representation(self, hanging: Hanging) -> dict:
        told = super().to_representation(hanging)
        return {name: value for name, value in told.items() if value is not None}


class GallerySerializer(DesignSerializer):
    images = ImageSerializer(many=True, help_text="Of a design that is done.")
    nearest = ProductSerializer(many=True, help_text="What comes nearest to any of the pictures and can be bought.")

    def to_representation(self, shown: Gallery) -> dict:
        told = DesignSerializer(shown.design, context=self.context).data
        for name in ("images", "nearest"):
            told[name] = self.fields[name].to_representation(getattr(shown, name))
        return told


def gallery_answer(request: Request, design: Design) -> Response:
    shown = gallery.of(design)
    products = [*shown.nearest, *(product for hanging in shown.images for product in hanging.nearest)]
    return Response(GallerySerializer(shown, context=product_context(request, products)).data)


class ListParams(serializers.Serializer):
    user = serializers.CharField(required=False, max_length=150, help_text="The shopper's key; the caller's own.")
    limit = Limit(required=False, help_text=f"Designs a page; {Pages.page_size} if nothing is said.")


class Designs(APIView):
    permission_classes = [IsAuthenticated]
    pagination_class = Pages

    @extend_schema(
        summary="A shopper's designs",
        description="The newest first, without their pictures. Shoppers see their own, staff anybody's.",
        parameters=[ListParams],
        responses=DesignSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        params = ListParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        user = params.validated_data.get("user", request.user.get_username())
        found = lifecycle.of_shopper(shopper_for(request, user)).select_related("shopper", "category", "product")
        pages = self.pagination_class(params.validated_data.get("limit"))
        page = pages.paginate_queryset(found, request)
        return pages.get_paginated_response(DesignSerializer(page, many=True, context={"request": request}).data)

    @extend_schema(
        summary="Have pictures made for a shopper",
        description="Of a category, `count` new ones that the shopper would like; or of a product, by its `sku`, how "
        "it would look if it were made for them. A worker makes them; follow `url`. 409 for a shopper of whom too "
        "little is known, 429 for one who has asked for as much as one may.",
        request=DesignInput,
        responses={202: RequestedSerializer, **CONFLICT},
    )
    def post(self, request: Request) -> Response:
        design = DesignInput(data=request.data, context={"request": request}).requested()
        answer = RequestedSerializer(design, context={"request": request}).data
        return Response(answer, status=202, headers={"Location": answer["url"]})


def design_or_404(request: Request, pk: uuid.UUID) -> Design:
    """The design, if the caller may see it."""
    design = lifecycle.visible_to(request.user).filter(pk=pk).first()
    if design is None:
        raise NotFound(f"There is no design {str(pk)!r} of yours.")
    return design


class OneDesign(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        summary="A design: how far it is, and its pictures",
        description="Shoppers see their own, staff anybody's. Pictures are there once it is `done`, until it expires.",
        responses=GallerySerializer,
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return gallery_answer(request, design_or_404(request, pk))

    @extend_schema(
        summary="Cancel or remove a design",
        description="One that is not finished is cancelled, any other is removed with its pictures.",
        responses={204: None},
    )
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        lifecycle.discard(design_or_404(request, pk))
        return Response(status=204)


class CancelDesign(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        summary="Cancel a design that is not finished",
        description="Its worker stops within seconds. 409 once it is finished.",
        request=None,
        responses={200: GallerySerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        design = design_or_404(request, pk)
        lifecycle.cancel(design)
        return gallery_answer(request, design)
