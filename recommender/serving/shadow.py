"""Shadow: staff see the shop's pages as with another version than the active one, in their session alone.

What staff look at is not recorded, so nothing of it counts.
"""

from django.http import HttpRequest

from catalog.visitors import is_permitted_staff
from recommender.models import EMBEDDING_ROLES, SERVABLE, ModelVersion

SHADOW = "shadow"  # in the data of a session: the id of a version by its role
PERMISSION = "recommender.view_modelversion"


def can_be_seen(version: ModelVersion) -> bool:
    """Return whether the shop can be shown as with this version."""
    return version.role in EMBEDDING_ROLES and version.state in SERVABLE


def enter(request: HttpRequest, version: ModelVersion) -> None:
    """Show the client the shop as with this version, from the next request on."""
    request.session[SHADOW] = request.session.get(SHADOW, {}) | {version.role: version.pk}


def leave(request: HttpRequest) -> None:
    """Show the client the shop as everybody sees it."""
    request.session.pop(SHADOW, None)


def versions(request: HttpRequest) -> dict[str, ModelVersion] | None:
    """Return by role the versions that the client sees in place of the active ones; None without a shadow.

    One that was deleted since is missing: the active one serves.
    """
    account = getattr(request, "user", None)  # a request that was refused early has none
    if account is None or not account.is_staff:
        return None
    chosen: dict[str, int] = request.session.get(SHADOW, {})
    if not chosen or not is_permitted_staff(account, PERMISSION):
        return None
    state = vars(request)
    if SHADOW not in state:  # once a request: the bar and each strip read it
        found = ModelVersion.objects.filter(pk__in=chosen.values(), state__in=SERVABLE)
        state[SHADOW] = {version.role: version for version in found}
    shown: dict[str, ModelVersion] = state[SHADOW]
    return shown
