"""The history of what served each role: which version when, in place of which, by whom and why; and the way back."""

from django.utils import timezone

from recommender.models import SERVABLE, Activation, ModelVersion, Role, State


def request(version: ModelVersion, by: str, *, reason: str, is_roll_back: bool) -> None:
    """Save that a version is to serve its role; of several requests the last one counts."""
    drop_request(version)
    Activation.objects.create(
        role=version.role, version=version, name=str(version), by=by, reason=reason, is_roll_back=is_roll_back
    )


def drop_request(version: ModelVersion) -> None:
    """Delete the request for the version's role that waits."""
    Activation.objects.filter(role=version.role, at=None).delete()


def record(version: ModelVersion, former: ModelVersion | None) -> None:
    """Save that a version serves its role from now on, in place of `former`; as was requested, if it was."""
    served = Activation.objects.filter(role=version.role, at__isnull=False).first()
    if served is None or served.version_id != version.pk:
        name = str(former) if former and former != version else ""
        requested = Activation.objects.filter(version=version, at=None)
        if not requested.update(at=timezone.now(), former=name):
            Activation.objects.create(
                role=version.role, version=version, name=str(version), former=name, at=timezone.now()
            )
    drop_request(version)


def former_version(role: Role) -> ModelVersion | None:
    """Return the version that a roll-back activates, if there is one.

    The one before the active one, as a browser goes back: what a roll-back left does not come again, and those that
    were deleted since are passed over.
    """
    path: list[int | None] = []
    served = Activation.objects.filter(role=role, at__isnull=False).order_by("at", "pk")
    for version, is_roll_back in served.values_list("version", "is_roll_back"):
        if is_roll_back and version in path[:-1]:
            path.pop()
            while path[-1] != version:
                path.pop()
        else:
            path.append(version)
    found = ModelVersion.objects.filter(role=role, state__in=SERVABLE).exclude(state=State.ACTIVE).in_bulk()
    return next((found[version] for version in reversed(path[:-1]) if version in found), None)
