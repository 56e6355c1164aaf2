"""Named profiles of imports: which columns are taken for which fields."""

from collections.abc import Collection, Mapping

from catalog.errors import ImportFailed
from catalog.importers.columns import EVENT_MEANINGS, EVENTS, MEANINGS, PRODUCTS
from catalog.models import ImportProfile


def load(name: str) -> dict[str, str]:
    """Return what a profile takes columns for. Raises ImportFailed if there is no such profile."""
    profile = ImportProfile.objects.filter(name=name).first()
    if profile is None:
        names = ", ".join(ImportProfile.objects.values_list("name", flat=True)) or "none"
        raise ImportFailed(f"there is no profile {name}, only: {names}; --set COLUMN=FIELD beside --profile stores one")
    return dict(profile.columns)


def store(name: str, columns: Mapping[str, str]) -> None:
    """Create or replace a profile."""
    ImportProfile.objects.update_or_create(name=name, defaults={"columns": dict(columns)})


def parse_events(choices: list[str]) -> dict[str, str]:
    """Return what columns of interactions are taken for, as `parse` does of products."""
    return parse(choices, EVENTS, EVENT_MEANINGS)


def parse(
    choices: list[str], singles: Collection[str] = PRODUCTS.keys(), others: Collection[str] = MEANINGS.keys()
) -> dict[str, str]:
    """Return what columns are taken for, of texts COLUMN=FIELD.

    singles: the fields that one column has; others: what several may be taken for.
    Raises ImportFailed for a field that there is not, and for two columns of one field.
    """
    found: dict[str, str] = {}
    for text in choices:
        column, _, field = (part.strip() for part in text.rpartition("="))
        if not column or field not in (*singles, *others):
            fields = ", ".join((*singles, *others))
            raise ImportFailed(f"--set {text}: it is COLUMN=FIELD, with FIELD one of {fields}")
        if field in singles and (other := next((name for name in found if found[name] == field), column)) != column:
            raise ImportFailed(f"--set {text}: {other} is taken for {field} already")
        found[column] = field
    return found
