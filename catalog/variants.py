"""SKUs of a product's variants: an attribute of it, in which imports join them with commas."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, TextField, Value
from django.db.models.fields.json import KeyTextTransform

VARIANT_SKU = "Variant SKU"  # the attribute, as Shopify calls it
BETWEEN = ", "


class SkusOfVariants(Func):
    """The SKUs of a product's variants as an array, of which the product has an index."""

    function = "string_to_array"
    output_field = ArrayField(TextField())

    def __init__(self) -> None:
        super().__init__(KeyTextTransform(VARIANT_SKU, F("attributes")), Value(BETWEEN))
