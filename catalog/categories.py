"""Categories by name: one for all the ways to write it, in capitals or not, with one space between words or more."""

from collections.abc import Iterable

from catalog.models import Category, single_spaced

# The database says which letters are the same, as it does for the constraint: Python's lower() differs in a few.
BY_NAME = """
    SELECT category.*, told.name AS told
    FROM unnest(%s::text[]) AS told (name)
    JOIN catalog_category AS category ON lower(category.name) = lower(told.name)
"""


def find_by_name(names: Iterable[str]) -> dict[str, Category]:
    """Those of these names that have a category, each with it: one query."""
    told = {name: single_spaced(name) for name in names}
    found = {category.told: category for category in Category.objects.raw(BY_NAME, [list(set(told.values()))])}
    return {name: found[single] for name, single in told.items() if single in found}


def find_or_create(names: Iterable[str]) -> dict[str, Category]:
    """A category for each of these names; of several spellings of a new one the first is kept.

    Raises ValidationError for a name that is empty or too long.
    """
    names = list(dict.fromkeys(names))
    found = find_by_name(names)
    new = [Category(name=single_spaced(name)) for name in names if name not in found]
    if not new:
        return found
    for category in new:
        category.clean_fields()
    Category.objects.bulk_create(new, ignore_conflicts=True)  # two spellings here, or somebody else's just now
    return find_by_name(names)
