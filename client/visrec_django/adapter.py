"""What a project says of its products, in a class that `VISREC["ADAPTER"]` names."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.core.files import File
from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string


class Adapter(Protocol):
    """Protocol of the class; it inherits from nothing."""

    def products(self) -> QuerySet[Any]:
        """Return the products that shoppers may see."""

    def sources(self) -> Mapping[type[Model], str]:
        """Return the models whose changes change a product, each with the attribute that leads to it; "" for itself."""

    def sku(self, product: Any) -> str:
        """Return the SKU, without spaces and slashes."""

    def fields(self, product: Any) -> Mapping[str, Any]:
        """Return `title`, `category` and `price`, and any of `currency`, `in_stock`, `attributes` and `url`."""

    def image(self, product: Any) -> "File[bytes] | None":
        """Return the primary image, or None: such a product is never recommended for its looks."""


@cache
def adapter() -> Adapter:
    """Return the project's adapter."""
    made: Adapter = import_string(settings.VISREC["ADAPTER"])()
    return made
