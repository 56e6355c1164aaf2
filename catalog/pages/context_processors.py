from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog import queries


def shop(request: HttpRequest) -> dict[str, object]:
    """What every page may show: whether the shop's shoppers are simulated. Asked of the database only when it is."""
    return {"shoppers_are_simulated": SimpleLazyObject(queries.has_simulated_shoppers)}
