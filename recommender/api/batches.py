"""Resource products/batch/: many products written and deleted by one request."""

from collections.abc import Collection, Sequence
from typing import TypeAlias, cast

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import categories, upserts
from catalog.products import ProductFields
from catalog.upserts import Upsert
from recommender.api.errors import errors_by_field
from recommender.api.fields import MAX_SKU_LENGTH, BoundedList, Strict, Validated
from recommender.api.permissions import Rule, is_granted
from recommender.api.product_inputs import NO_FIELD, ProductInput
from recommender.api.products import ADD, CHANGE, DELETE, no_category

MAX_ROWS = 1000  # of both lists
TWICE = "It is in the batch twice."
UNKNOWN = {"image": "Images are sent as image_url, or by PUT or PATCH of the product."}
Errors: TypeAlias = dict[str, list[str]]


class RowInput(ProductInput):
    """A product of a batch."""

    image = None  # type: ignore[assignment]  # so DRF leaves out an inherited field

    needs_image = False


@extend_schema_field(RowInput(many=True))
class Rows(BoundedList):
    """Products, each of which is checked by itself later."""

    child = serializers.JSONField()


class BatchInput(Strict):
    upsert = Rows(required=False, max_length=MAX_ROWS, help_text="Products as in PUT, but with `sku` and no `image`.")
    delete = BoundedList(
        child=serializers.CharField(max_length=MAX_SKU_LENGTH), required=False, max_length=MAX_ROWS, help_text="SKUs."
    )

    def validate(self, attrs: Validated) -> Validated:
        number = len(attrs.get("upsert", [])) + len(attrs.get("delete", []))
        if not 1 <= number <= MAX_ROWS:
            raise serializers.ValidationError(f"{number:,} products; a batch has 1 to {MAX_ROWS:,} of them.")
        return attrs


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
    operations = {"POST": "write_products"}
    rules = {"POST": Rule(permissions=(CHANGE,))}

    @extend_schema(
        summary="Write and delete many products",
        description=f"Up to {MAX_ROWS:,} products, in one transaction. Each is checked by itself: those that are not "
        "valid are reported, the others are written. Their images stay, unless `image_url` leads to others, which are "
        f"fetched in the background. `upsert` needs the permission {ADD} as well, `delete` the permission {DELETE}.",
        request={"application/json": BatchInput},
        responses=BatchSerializer,
    )
    def post(self, request: Request) -> Response:
        params = BatchInput(data=request.data)
        params.is_valid(raise_exception=True)
        rows, deletions = params.validated_data.get("upsert", []), params.validated_data.get("delete", [])
        for given, permission in ((rows, ADD), (deletions, DELETE)):
            if given and not is_granted(request, permission):
                raise PermissionDenied(f"This needs the permission {permission}.")
        valid, refused = check_rows(rows, may_add_categories=is_granted(request, "catalog.add_category"))
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


def check_rows(items: Sequence[object], *, may_add_categories: bool) -> tuple[dict[int, Upsert], dict[int, Errors]]:
    """Return the products by their index in the list, and the errors of the other items by theirs."""
    serializer = RowInput()  # one for all items: to create a serializer costs more than to run it
    validated: dict[int, Validated] = {}
    refused: dict[int, Errors] = {}
    skus: set[str] = set()
    for index, item in enumerate(items):
        errors = {name: [UNKNOWN.get(name, NO_FIELD)] for name in serializer.unknown_among(item)}
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
            url = fields.pop("image_url", "")
            found[index] = Upsert(cast(ProductFields, fields), category, image_url=url)
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
