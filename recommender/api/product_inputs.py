"""Products as requests have them."""

from functools import cached_property
from typing import cast

from rest_framework import serializers

from catalog.products import ProductFields, Versions
from catalog.upserts import Upsert
from recommender.api.fields import (
    CSRF_FIELD,
    Attributes,
    BoundedList,
    Flag,
    ImageUrl,
    PageUrl,
    Price,
    ProductImageField,
    ProductImageFile,
    Sku,
    Validated,
)

NO_FIELD = "A product has no such field."
BOTH_IMAGES = "Send either image or image_url, not both."
ONE_OF_IMAGES = "Send one of image, image_url and image_urls."
MAX_IMAGES = 100  # of a product, over REST
TAKEN = "batch"  # a part of an address that no product can have
READ_ONLY = ("id", "thumbnail", "findable", "problem")  # fields of a response that a request may repeat


class ProductInput(serializers.Serializer[None]):
    sku = Sku(help_text="Without spaces and slashes.")
    title = serializers.CharField(max_length=300)
    category = serializers.CharField(
        max_length=100, help_text="Name of the category, which is created if it does not exist."
    )
    price = Price()
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, help_text="Three letters, such as EUR.")
    image = ProductImageField(required=False, help_text="Base64 text or a data URL.")
    image_url = ImageUrl(required=False)
    attributes = Attributes(required=False)
    in_stock = Flag(required=False)
    is_hidden = Flag(required=False, help_text="Visitors do not see it, nor is it recommended.")

    url = PageUrl(required=False, help_text="Its page in the storefront. A page of this shop, or nothing, is none.")

    needs_image = True  # or its URL, unless the product is there

    def to_internal_value(self, data: object) -> Validated:
        if self.needs_image and isinstance(data, dict):
            self.fields["image"].required = not data.get("image_url")
        validated: Validated = super().to_internal_value(data)
        return validated

    def validate_sku(self, sku: str) -> str:
        if sku == TAKEN:
            raise serializers.ValidationError(f"products/{TAKEN}/ is no product's address: choose another SKU.")
        return sku

    def validate_url(self, url: str) -> str:
        """Return "" for a page of this shop, which a response has for a product without another."""
        pages: str | None = self.context.get("pages")
        return "" if pages and url.startswith(pages) else url

    def validate(self, attrs: Validated) -> Validated:
        if "image" in attrs and "image_url" in attrs:
            raise serializers.ValidationError({"image_url": BOTH_IMAGES})
        return attrs

    def product_fields(self) -> Validated:
        """Return the arguments of catalog.products. Raises ValidationError, also for a field that no product has."""
        self.is_valid()
        errors = self.errors | {name: [NO_FIELD] for name in self.unknown_among(self.initial_data)}
        if errors:
            raise serializers.ValidationError(errors)
        return dict(self.validated_data)

    def unknown_among(self, given: object) -> list[str]:
        """Return the names of unknown fields. Fields of a response that are read-only, such as `id`, are ignored."""
        return [name for name in given if name not in self.known] if isinstance(given, dict) else []

    @cached_property
    def known(self) -> set[str]:
        return {*self.fields, *READ_ONLY, CSRF_FIELD}


class UpsertInput(ProductInput):
    """Product as it is to be, whether it is there or not."""

    image_urls = BoundedList(
        child=ImageUrl(),
        required=False,
        min_length=1,
        max_length=MAX_IMAGES,
        help_text="URLs of all its images, the first of which is the primary one. They are fetched in the background; "
        "a second request with the same ones fetches nothing, and an image that is no longer among them is deleted. "
        "Images that were added otherwise stay.",
    )

    needs_image = False

    def validate(self, attrs: Validated) -> Validated:
        if "image_urls" in attrs and attrs.keys() & {"image", "image_url"}:
            raise serializers.ValidationError({"image_urls": ONE_OF_IMAGES})
        return super().validate(attrs)


class ProductUpsert(UpsertInput):
    sku = Sku(required=False, help_text="The one in the address.")

    def upsert_of(self, sku: str, versions: Versions) -> Upsert:
        """Return the product as it is to be. Raises ValidationError."""
        fields = self.product_fields()
        if fields.setdefault("sku", sku) != sku:
            raise serializers.ValidationError({"sku": f"It is not the one in the address, {sku!r}."})
        image, url, category = fields.pop("image", None), fields.pop("image_url", ""), fields.pop("category")
        urls = fields.pop("image_urls", ())
        return Upsert(cast(ProductFields, fields), category, image, url, urls, versions)


class ProductForm(ProductInput):
    """Product as a form, whose image is a file."""

    image = ProductImageFile(required=False)


class ProductUpsertForm(ProductUpsert):
    image = ProductImageFile(required=False)
