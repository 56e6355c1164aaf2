"""Resource products/SKU/images/: all pictures of a product and their order; the first is the primary one."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import image_urls, products
from catalog.models import Product, ProductImage
from recommender.api import idempotency
from recommender.api.fields import BoundedList, ImageUrl, ProductImageField, ProductImageFile, Strict, Validated
from recommender.api.permissions import Rule
from recommender.api.problems import as_sentence
from recommender.api.product_inputs import MAX_IMAGES
from recommender.api.products import CHANGE, READ, at_origin, origin_of, product_or_404, rivals

FULL = f"A product has at most {MAX_IMAGES} images; delete some first."


class ImageInput(Strict):
    image = ProductImageField(required=False, help_text="Base64 text or a data URL.")
    image_url = ImageUrl(required=False)

    def validate(self, attrs: Validated) -> Validated:
        if len(attrs) != 1:
            raise serializers.ValidationError({"image": "Send either image or image_url."})
        return attrs


class ImageForm(ImageInput):
    """Image as a file of a form."""

    image = ProductImageFile(required=False)


class OrderInput(Strict):
    order = BoundedList(
        child=serializers.IntegerField(min_value=1),
        max_length=MAX_IMAGES,
        help_text="Ids of images, the first of which becomes the primary one. Those that are left out follow in their "
        "present order.",
    )


class ProductImageSerializer(serializers.Serializer[ProductImage]):
    id = serializers.IntegerField()
    url = serializers.URLField()
    width = serializers.IntegerField(help_text="In pixels.")
    height = serializers.IntegerField(help_text="In pixels.")
    problem = serializers.CharField(
        required=False, help_text="Why no model can embed it. Left out if its file can be read."
    )

    def to_representation(self, image: ProductImage) -> dict[str, Any]:
        found = {"id": image.pk, "url": at_origin(origin_of(self.context["request"]), image.file.url)}
        found |= {"width": image.width, "height": image.height}
        return found | ({"problem": as_sentence(image.problem)} if image.problem else {})


def images_response(request: Request, product: Product, status: int = 200) -> Response:
    """Return all images of a product, in their order."""
    rows = ProductImage.objects.filter(product=product)
    shown = serializers.ListSerializer(list(rows), child=ProductImageSerializer(), context={"request": request})
    return Response(shown.data, status=status)


class ProductImages(APIView):
    body_limit = settings.IMAGE_BODY_LIMIT
    operations = {"GET": "list_images", "POST": "add_image", "PUT": "order_images"}
    rules = {"GET": READ, "POST": Rule(permissions=(CHANGE,)), "PUT": Rule(permissions=(CHANGE,))}
    pagination_class = None  # all of them, drf-spectacular reads it

    @extend_schema(summary="Images of a product", responses=ProductImageSerializer(many=True))
    def get(self, request: Request, sku: str) -> Response:
        return images_response(request, product_or_404(request, sku))

    @extend_schema(
        summary="Add an image to a product",
        description="It becomes the last one. Returns all images of the product; with 202 those of now, as a worker is "
        "to fetch the new one.",
        request={"multipart/form-data": ImageForm, "application/json": ImageInput},
        parameters=[idempotency.KEY, idempotency.REPLAYED],
        responses={
            201: ProductImageSerializer(many=True),
            202: ProductImageSerializer(many=True),
            **idempotency.ERRORS,
        },
    )
    @idempotency.idempotent
    def post(self, request: Request, sku: str) -> Response:
        product = product_or_404(request, sku)
        params = ImageInput(data=request.data)
        params.is_valid(raise_exception=True)
        if product.images.count() >= MAX_IMAGES:
            raise serializers.ValidationError({"image": FULL})
        if url := params.validated_data.get("image_url"):
            image_urls.note_further(product, url)
            return images_response(request, product, 202)
        with rivals():
            products.add_images(product, [params.validated_data["image"]])
        return images_response(request, product, 201)

    @extend_schema(
        summary="Put the images of a product in order",
        request=OrderInput,
        responses=ProductImageSerializer(many=True),
    )
    def put(self, request: Request, sku: str) -> Response:
        product = product_or_404(request, sku)
        params = OrderInput(data=request.data)
        params.is_valid(raise_exception=True)
        order = params.validated_data["order"]
        known = set(product.images.values_list("pk", flat=True))
        if unknown := [str(pk) for pk in order if pk not in known]:
            raise serializers.ValidationError({"order": f"The product has no image {', '.join(unknown[:20])}."})
        with rivals():
            products.arrange_images(product, order)
        return images_response(request, product)


class OneImage(APIView):
    operations = {"DELETE": "delete_image"}
    rules = {"DELETE": Rule(permissions=(CHANGE,))}

    @extend_schema(summary="Delete an image of a product", responses={204: None})
    def delete(self, request: Request, sku: str, pk: int) -> Response:
        image = product_or_404(request, sku).images.filter(pk=pk).first()
        if image is None:
            raise NotFound(f"The product {sku!r} has no image {pk}.")
        products.delete_images([image])
        return Response(status=204)
