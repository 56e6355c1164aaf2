"""Facets of a list: how many of its products have each value of an attribute, and how many each category has."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from catalog.counts import Count, round_down
from catalog.listing import CATEGORY, NEWEST, Listing
from catalog.models import VISIBLE, Product, ProductCount
from catalog.rows import Sql, fetch

SAMPLED = 1_000  # products that are counted; of longer lists these are the newest, and the counts are estimates
MOST_VALUES = 50  # of a facet
# For a page: attributes that at least one of so many products has, with so few values that one can choose, and with so
# many products a value: texts of their own have one.
RARE, FEW, SHARED, MOST_FACETS = 5, 30, 1.3, 6
VALUES = """
SELECT key, value, count(*) FROM ({sample}) AS sample,
    jsonb_each_text(CASE jsonb_typeof(attributes) WHEN 'object' THEN attributes ELSE '{{}}' END) AS pair (key, whole),
    string_to_table(whole, ', ') AS value
WHERE length(whole) <= 100 AND value <> '' AND (%s IS NULL OR lower(key) = ANY(%s))
GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 1000
"""
CATEGORIES = """
SELECT %s, name, count(*) FROM ({sample}) AS sample JOIN catalog_category ON catalog_category.id = category_id
GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 1000
"""
# PostgreSQL plans what is materialized for all rows: for the first one alone it would read the table.
HAS_ATTRIBUTE = """
WITH hits AS MATERIALIZED (
    SELECT FROM catalog_product
    WHERE search @@ (quote_literal('=' || catalog_fold(left(%s, 100)) || '=') || ':*')::tsquery
    AND (%s OR NOT is_hidden)
)
SELECT EXISTS (SELECT FROM hits)
"""


@dataclass(frozen=True)
class Value:
    """A value that products have: as most of them write it, of how many, and whether the list is narrowed to it."""

    value: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    """Values of an attribute, or of the category, those of most products first."""

    name: str
    values: Sequence[Value]


def count_values(found: Listing, names: Sequence[str]) -> list[Facet]:
    """Return the facets of these names; CATEGORY is that of categories.

    Each counts the products that pass all filters but its own: those that one would see if one chose another value too.
    """
    lowered = [name.lower() for name in names]
    free = [name for name in lowered if name not in found.chosen and name != CATEGORY]
    counted = rows_of(VALUES, found.found, found.total, free, free) if free else []
    for name in lowered:
        if name == CATEGORY and found.is_counted:
            counted += category_counts(found)
        elif name in found.chosen or name == CATEGORY:
            statement, params = (CATEGORIES, [CATEGORY]) if name == CATEGORY else (VALUES, [[name], [name]])
            counted += rows_of(statement, *found.without(name), *params)
    return [facet_of(name, counted, found) for name in names]


def find_unknown(found: Listing, names: Iterable[str]) -> list[str]:
    """Return those of these names that are neither CATEGORY nor of an attribute that any product has.

    Hidden products count where the list may have them.
    """
    sees_hidden = found.visible != VISIBLE
    return [
        name
        for name in names
        if name.lower() != CATEGORY and fetch(Sql(HAS_ATTRIBUTE, (name, sees_hidden))) == [(False,)]
    ]


def choose(found: Listing) -> list[Facet]:
    """Return the facets to show beside a list: of the attributes that most of its products have, and of the chosen."""
    counted = rows_of(VALUES, found.found, found.total, None, None)
    shares: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for name, _, count in counted:
        spelled.setdefault(name.lower(), name)
        shares[name.lower()] += count
    kinds = Counter(name for name, _ in {(name.lower(), value.lower()) for name, value, _ in counted})
    chosen = [name for name in found.chosen if name != CATEGORY]
    useful = [
        spelled[name]
        for name, share in shares.most_common()
        if name not in chosen
        and 1 < kinds[name] <= FEW
        and share >= max(SHARED * kinds[name], found.total.number / RARE)
    ]
    free = [facet_of(name, counted, found) for name in useful[:MOST_FACETS]]
    return count_values(found, [CATEGORY, *(spelled.get(name, name) for name in chosen)]) + free


def category_counts(found: Listing) -> list[tuple[str, str, int]]:
    """Return the categories that have products, and how many, for a list without any other filter."""
    counts = ProductCount.objects.filter(found.visible).values_list("category__name").annotate(total=Sum("products"))
    return [(CATEGORY, name, total) for name, total in counts.filter(total__gt=0).order_by("-total", "category__name")]


def rows_of(statement: str, products: QuerySet[Product], total: Count, *params: object) -> list[tuple[str, str, int]]:
    """Return names, values and numbers of products, counted in a sample where there are many."""
    if not total.number:
        return []
    sample = products.order_by(NEWEST, "-pk")[:SAMPLED] if total.number > SAMPLED else products.order_by()
    text, given = sample.values("attributes", "category_id").query.sql_with_params()
    escaped = statement.format(sample=text)
    before = statement.index("{sample}") > statement.find("%s") >= 0
    found = fetch(Sql(escaped, (*params, *given) if before else (*given, *params)))
    return [(name, value, scaled(count, total)) for name, value, count in found]


def scaled(count: int, total: Count) -> int:
    """Return a number of products of the sample as a number of all."""
    return round_down(count * total.number // SAMPLED) if total.number > SAMPLED else count


def facet_of(name: str, counted: Iterable[tuple[str, str, int]], found: Listing) -> Facet:
    """Return the facet of a name: names and values that differ in capitals alone are one."""
    chosen = found.chosen.get(name.lower(), ())
    spelled: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for other, value, count in [*counted, *((name, value, 0) for value in chosen)]:
        if other.lower() == name.lower():
            spelled.setdefault(value.lower(), value)
            counts[value.lower()] += count
    lowered = {value.lower() for value in chosen}
    values = [Value(spelled[value], count, value in lowered) for value, count in counts.items()]
    values.sort(key=lambda value: (not value.is_chosen, -value.count, value.value))
    return Facet(name, values[:MOST_VALUES])
