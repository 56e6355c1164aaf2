"""Named profiles of imports: which columns are taken for which fields."""

from collections.abc import Mapping

from catalog.errors import ImportFailed
from catalog.importers.columns import PRODUCTS
from catalog.models import ImportProfile


def load(name: str) -> dict[str, str]:
    """Return the columns of a profile by our fields. Raises ImportFailed if there is no such profile."""
    profile = ImportProfile.objects.filter(name=name).first()
    if profile is None:
        names = ", ".join(ImportProfile.objects.values_list("name", flat=True)) or "none"
        raise ImportFailed(f"there is no profile {name}, only: {names}; --set COLUMN=FIELD beside --profile stores one")
    return dict(profile.columns)


def store(name: str, columns: Mapping[str, str]) -> None:
    """Create or replace a profile."""
    ImportProfile.objects.update_or_create(name=name, defaults={"columns": dict(columns)})


def parse(choices: list[str]) -> dict[str, str]:
    """Return columns by our fields, of texts COLUMN=FIELD. Raises ImportFailed for a field that there is not."""
    found: dict[str, str] = {}
    for text in choices:
        column, _, field = (part.strip() for part in text.rpartition("="))
        if not column or field not in PRODUCTS:
            raise ImportFailed(f"--set {text}: it is COLUMN=FIELD, with FIELD one of {', '.join(PRODUCTS)}")
        found[field] = column
    return found
