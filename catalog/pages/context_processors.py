from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog import queries


def shop(request: HttpRequest) -> dict[str, object]:
    """Return what every page may show: whether some shoppers are simulated, queried only if a template reads it."""
    return {"shoppers_are_simulated": SimpleLazyObject(queries.has_simulated_shoppers)}
