"""Resource products/batch/: many products written and deleted by one request."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import categories, upserts
from catalog.images import DecodedImage
from catalog.products import ProductFields
from catalog.upserts import Upsert
from recommender.api.errors import errors_by_field
from recommender.api.fields import MAX_SKU_LENGTH, BoundedList, ProductImageField, Strict, Validated
from recommender.api.parsers import check_shape, load_json
from recommender.api.permissions import Rule, is_granted
from recommender.api.product_inputs import NO_FIELD, UpsertInput
from recommender.api.products import ADD, CHANGE, DELETE, no_category, pages_of

MAX_ROWS = 1000  # of both lists
TWICE = "It is in the batch twice."
Errors: TypeAlias = dict[str, list[str]]
Files: TypeAlias = Mapping[str, "UploadedFile[bytes]"]


@extend_schema_field({"type": "string", "example": "red.jpg"})
class FileName(ProductImageField):
    """Image to store, by the name of its file in the form."""

    def to_internal_value(self, data: object) -> DecodedImage:
        file = self.context["files"].get(data) if isinstance(data, str) else None
        if file is None:
            raise serializers.ValidationError(
                f"The form has no file {str(data)[:100]!r}. Send images as files `images` of a form, or as image_url."
            )
        file.seek(0)  # other products may have the same image
        return super().to_internal_value(file)


class RowInput(UpsertInput):
    """A product of a batch."""

    image = FileName(required=False, help_text="The name of one of the files `images`, if the request is a form.")


@extend_schema_field(RowInput(many=True))
class Rows(BoundedList):
    """Products, each of which is checked by itself later."""

    child = serializers.JSONField(allow_null=True)  # checked below, with all others


class BatchInput(Strict):
    upsert = Rows(required=False, max_length=MAX_ROWS, help_text="Products as in PUT, but with `sku`.")
    delete = BoundedList(
        child=serializers.CharField(max_length=MAX_SKU_LENGTH), required=False, max_length=MAX_ROWS, help_text="SKUs."
    )

    def validate(self, attrs: Validated) -> Validated:
        number = len(attrs.get("upsert", [])) + len(attrs.get("delete", []))
        if not 1 <= number <= MAX_ROWS:
            raise serializers.ValidationError(f"{number:,} products; a batch has 1 to {MAX_ROWS:,} of them.")
        return attrs


class BatchForm(Strict):
    """A batch with files of images."""

    batch = serializers.CharField(trim_whitespace=False, help_text="The batch as JSON text.")
    images = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), required=False, help_text="Files that products name."
    )


class FailedSerializer(serializers.Serializer[None]):
    list = serializers.ChoiceField(["upsert", "delete"], help_text="The list of the request.")
    index = serializers.IntegerField(min_value=0, help_text="Index in that list, from 0.")
    errors = serializers.DictField(  # type: ignore[assignment]  # DRF's metaclass moves fields out of the class
        child=serializers.ListField(child=serializers.CharField())
    )


class BatchSerializer(serializers.Serializer[None]):
    """Numbers of products, and what was not written."""

    created = serializers.IntegerField(min_value=0)
    updated = serializers.IntegerField(min_value=0)
    unchanged = serializers.IntegerField(min_value=0)
    deleted = serializers.IntegerField(min_value=0)
    failed = FailedSerializer(many=True)


class Batch(APIView):
    body_limit = settings.BATCH_BODY_LIMIT
    files_limit = settings.IMAGE_BODY_LIMIT
    operations = {"POST": "write_products"}
    rules = {"POST": Rule(permissions=(CHANGE,))}

    @extend_schema(
        summary="Write and delete many products",
        description=f"Up to {MAX_ROWS:,} products, in one transaction. Each is checked by itself: those that are not "
        "valid are reported, the others are written. Their images stay, unless `image_url` or `image_urls` lead to "
        f"others, which are fetched in the background. `upsert` needs the permission {ADD} as well, `delete` the "
        f"permission {DELETE}. "
        "Images are sent as files `images` of a form whose field `batch` is the JSON; `image` of a product is then its "
        f"file's name. The files have up to {settings.IMAGE_BODY_LIMIT // 1_000_000} MB together.",
        request={"application/json": BatchInput, "multipart/form-data": BatchForm},
        responses=BatchSerializer,
    )
    def post(self, request: Request) -> Response:
        data, files = read_form(request) if is_form(request) else (request.data, {})
        params = BatchInput(data=data)
        params.is_valid(raise_exception=True)
        rows, deletions = params.validated_data.get("upsert", []), params.validated_data.get("delete", [])
        check_all_named(files, rows)
        for given, permission in ((rows, ADD), (deletions, DELETE)):
            if given and not is_granted(request, permission):
                raise PermissionDenied(f"This needs the permission {permission}.")
        may_add_categories = is_granted(request, "catalog.add_category")
        valid, refused = check_rows(rows, files, pages=pages_of(request), may_add_categories=may_add_categories)
        doomed, twice = check_deletions(deletions, {row.fields["sku"] for row in valid.values()})
        result = upserts.upsert(list(valid.values()), list(doomed))
        indices = list(valid)
        refused |= {indices[index]: errors_by_field(reasons) for index, reasons in result.refused.items()}
        twice |= {doomed[sku]: {"sku": [f"There is no product {sku!r}."]} for sku in result.unknown}
        payload: dict[str, object] = {
            name: len(getattr(result, name)) for name in ("created", "updated", "unchanged", "deleted")
        }
        payload["failed"] = [
            {"list": name, "index": index, "errors": errors[index]}
            for name, errors in (("upsert", refused), ("delete", twice))
            for index in sorted(errors)
        ]
        return Response(payload)


def is_form(request: Request) -> bool:
    return bool(request.content_type.startswith("multipart/"))


def read_form(request: Request) -> tuple[object, Files]:
    """Return the batch of a form, and its files by their names. Raises ValidationError and ParseError."""
    form = BatchForm(data=request.data)
    form.is_valid(raise_exception=True)
    files = form.validated_data.get("images", [])
    if several := [name for name, number in Counter(file.name for file in files).items() if number > 1]:
        raise serializers.ValidationError({"images": [f"{name!r} is the name of several files." for name in several]})
    data = load_json(form.validated_data["batch"])
    check_shape(data)
    return data, {file.name: file for file in files}


def check_all_named(files: Files, items: Sequence[object]) -> None:
    """Raise ValidationError if no product has one of the files: its name is misspelt somewhere."""
    named = {item.get("image") for item in items if isinstance(item, dict) and isinstance(item.get("image"), str)}
    if unused := sorted(files.keys() - named):
        raise serializers.ValidationError({"images": [f"No product has the image {name!r}." for name in unused]})


def check_rows(
    items: Sequence[object], files: Files, *, pages: str, may_add_categories: bool
) -> tuple[dict[int, Upsert], dict[int, Errors]]:
    """Return the products by their index in the list, and the errors of the other items by theirs."""
    # One for all items: to create a serializer costs more than to run it.
    serializer = RowInput(context={"files": files, "pages": pages})
    validated: dict[int, Validated] = {}
    refused: dict[int, Errors] = {}
    skus: set[str] = set()
    for index, item in enumerate(items):
        errors = {name: [NO_FIELD] for name in serializer.unknown_among(item)}
        try:
            fields = dict(serializer.run_validation(item))
        except serializers.ValidationError as error:
            errors |= errors_by_field(error.detail)
        else:
            if fields["sku"] in skus:
                errors["sku"] = [TWICE]
            skus.add(fields["sku"])
            validated[index] = fields
        if errors:
            refused[index] = errors
    names = {fields["category"] for fields in validated.values()}
    known = names if may_add_categories else categories.find_by_name(names)
    found: dict[int, Upsert] = {}
    for index, fields in validated.items():
        if (category := fields.pop("category")) not in known:
            refused.setdefault(index, {"category": [no_category(category)]})
        if index not in refused:
            image, url, urls = fields.pop("image", None), fields.pop("image_url", ""), fields.pop("image_urls", ())
            found[index] = Upsert(cast(ProductFields, fields), category, image, url, urls)
    return found, refused


def check_deletions(skus: Sequence[str], written: Collection[str]) -> tuple[dict[str, int], dict[int, Errors]]:
    """Return the indices of SKUs by the SKU, and the errors of those that are in the batch already, by index."""
    found: dict[str, int] = {}
    refused: dict[int, Errors] = {}
    for index, sku in enumerate(skus):
        if sku in written or sku in found:
            refused[index] = {"sku": [TWICE]}
        else:
            found[sku] = index
    return found, refused
