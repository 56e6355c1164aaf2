"""Categories by name: letter case and the number of spaces between words make no difference."""

from collections.abc import Iterable

from catalog.models import Category, single_spaced

# The database says which letters are the same, as it does for the constraint: Python's lower() differs in a few.
BY_NAME = """
    SELECT category.*, requested.name AS requested_name
    FROM unnest(%s::text[]) AS requested (name)
    JOIN catalog_category AS category ON lower(category.name) = lower(requested.name)
"""


def find_by_name(names: Iterable[str]) -> dict[str, Category]:
    """Return the categories of these names, by name, in one query; a name without a category is left out."""
    normalized = {name: single_spaced(name) for name in names}
    rows = Category.objects.raw(BY_NAME, [list(set(normalized.values()))])
    found: dict[str, Category] = {vars(category)["requested_name"]: category for category in rows}
    return {name: found[single] for name, single in normalized.items() if single in found}


def find_or_create(names: Iterable[str]) -> dict[str, Category]:
    """Return a category for each of these names; a new one gets the spelling that comes first.

    Raises ValidationError for a name that is empty or too long.
    """
    names = list(dict.fromkeys(names))
    found = find_by_name(names)
    new = [Category(name=single_spaced(name)) for name in names if name not in found]
    if not new:
        return found
    for category in new:
        category.clean_fields()
    # Ignored conflicts: two spellings in this list, or the same category created by another request just now.
    Category.objects.bulk_create(new, ignore_conflicts=True)
    return find_by_name(names)
