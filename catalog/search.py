"""Search of products: the queries of PostgreSQL's text search that a text stands for, exact ones before weaker ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeVar

from django.db.models import BooleanField, Func, IntegerField, QuerySet, TextField, Value

from catalog import synonyms
from catalog.counts import count
from catalog.models import Product
from catalog.rows import Sql, fetch
from catalog.vocabulary import Known, any_of, find_meant, look_up

Products = TypeVar("Products", bound=QuerySet[Product])

MOST_LEFT_OUT = 6  # words of a text of which each is left out in turn
# The lexeme of a category stands for the words of its name.
CATEGORIES = r"""
SELECT n, array_agg('#' || id) FROM catalog_category, unnest(%s) WITH ORDINALITY AS q (query, n)
WHERE regexp_replace(catalog_fold(name), '[^ ]+', '\&:1', 'g')::tsvector @@ query::tsquery GROUP BY n
"""
# A value such as "S, M" stands for both.
PAIRS = """
SELECT name, string_agg(quote_literal('=' || catalog_fold(left(name, 100)) || '=' || catalog_fold(part)), ' & ')
FROM unnest(%s, %s) WITH ORDINALITY AS pair (name, value, n), string_to_table(left(value, 300), ', ') AS part
GROUP BY n, name ORDER BY n
"""
# Of a lexeme without a weight, as a category's is; of an attribute's word; of none here; of the title's or the SKU's.
WEIGHTS = "{0.6, 0.3, 0, 1}"


class Matches(Func):
    """Condition that a product matches a query, whose lexemes are as Product.search has them."""

    template = "%(expressions)s::tsquery"
    arg_joiner = " @@ "
    output_field = BooleanField()

    def __init__(self, query: str) -> None:
        super().__init__("search", Value(query, output_field=TextField()))


class Relevance(Func):
    """Measure of how well a product matches a query, in millionths: whole, so that a cursor has the same number."""

    template = f"(ts_rank('{WEIGHTS}', %(expressions)s::tsquery) * 1000000)::integer"
    output_field = IntegerField()

    def __init__(self, query: str) -> None:
        super().__init__("search", Value(query, output_field=TextField()))


@dataclass
class Part:
    """A word of a text, or a few that have synonyms together.

    alternatives: queries, of which a product matches one; none: the catalogue has nothing of it.
    exact: lexemes by which products that match are compared.
    """

    alternatives: list[str]
    exact: list[str]

    @property
    def query(self) -> str:
        return f"({' | '.join(self.alternatives)})"


@dataclass(frozen=True)
class Wanted:
    """Queries that a text stands for.

    exact: the query of all words; "" for an empty text, None if there is no word in it, or one that is not known.
    weaker: queries that leave out words, the ones that leave out fewer first.
    rank: the query by which products that match are compared.
    corrected: words that the catalogue does not have, and those that were taken in their place.
    """

    exact: str | None
    weaker: Sequence[str] = ()
    rank: str = ""
    corrected: dict[str, list[str]] = field(default_factory=dict)


def read(text: str) -> Wanted:
    """Return what the text asks for: all if it is empty, nothing if there is no word in it, as in "?!"."""
    if not text.strip():
        return Wanted("")
    words = look_up(text)
    corrected = find_meant(word.word for word in words if word.may_be_typo)
    runs = list(synonyms.runs(words))
    needed = [run for run in runs if not (len(run.words) == 1 and run.words[0].is_stop)] or runs
    parts = [part_of(run.words, run.synonyms, corrected) for run in needed]
    add_categories(parts)
    known = [part for part in parts if part.alternatives]
    queries = queries_of([part.query for part in known])
    is_exact = bool(known) and len(known) == len(parts)
    return Wanted(
        exact=queries[0] if is_exact else None,
        weaker=queries[1:] if is_exact else queries,
        rank=" | ".join(
            [lexeme for part in known for lexeme in part.exact] + [word.word for word in words if word.is_stop]
        ),
        corrected=corrected,
    )


def part_of(run: Sequence[Known], others: Sequence[str], corrected: dict[str, list[str]]) -> Part:
    """Return the part for a word, or for several that have synonyms; others: queries of the synonyms."""
    codes = list(dict.fromkeys(word.code for word in run if word.code))
    exact = [form for word in run for form in (word.word, *word.forms)] + codes
    # A product may have the code without the signs that were typed, at its SKU's beginning or within.
    others = [*others, *(f"{code}:* | '~{code}':*" for code in codes)]
    if len(run) > 1:
        return Part([" & ".join(any_of(word) for word in run), *others], exact)
    [word] = run
    if meant := corrected.get(word.word):
        return Part([*(f"{other}:*" for other in meant), *others], list(meant))
    if word.may_be_typo:
        return Part(list(others), [])
    return Part([f"{word.word}:*", *word.forms, *others], exact)


def add_categories(parts: Sequence[Part]) -> None:
    """Add to each part the categories whose names match it."""
    named = [part for part in parts if part.alternatives]
    for number, lexemes in fetch(Sql(CATEGORIES, ([part.query for part in named],))) if named else []:
        quoted = [f"'{lexeme}'" for lexeme in lexemes]
        named[number - 1].alternatives += quoted
        named[number - 1].exact += quoted


def queries_of(parts: Sequence[str]) -> list[str]:
    """Return the queries for all parts, for all but one of them, and for any."""
    found = [" & ".join(parts)] if parts else []
    if 2 < len(parts) <= MOST_LEFT_OUT:
        found.append(" | ".join(f"({' & '.join(some)})" for some in combinations(parts, len(parts) - 1)))
    if len(parts) > 1:
        found.append(" | ".join(parts))
    return found


def attribute_queries(attributes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return for each attribute the query of the products that have one of its values."""
    rows = [(name, value) for name, values in attributes.items() for value in values]
    found: dict[str, list[str]] = {}
    for name, query in fetch(Sql(PAIRS, tuple(map(list, zip(*rows, strict=True))))) if rows else []:
        found.setdefault(name, []).append(f"({query})")
    return {name: " | ".join(queries) for name, queries in found.items()}


def search_products(products: Products, text: str) -> Products:
    """Filter `products` by a text: by all of its words or, where nothing has all, by most of them."""
    wanted = read(text)
    if wanted.exact == "":
        return products
    for query in (wanted.exact, *wanted.weaker):
        if query is not None and count(found := products.filter(Matches(query))).number:
            return found
    return products.none()
