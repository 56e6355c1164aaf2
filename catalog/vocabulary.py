"""The words of the catalogue: other forms of a word, by PostgreSQL's dictionaries, and words that it may be a typo of.

For typos PostgreSQL has pg_trgm, which not every installation brings. Here a table has each word of the catalogue with
what remains of it without one or two letters, so that an index leads from a typo to the words that are near.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Max, Min

from catalog.models import Word
from catalog.rows import Sql, fetch

MOST = 20  # words of a text; those that follow are ignored
LAST = "\U0010ffff"  # behind all that begins with what is before it
# Two forms of a word differ in the last four letters at most: so few words begin alike that their stems are compared.
LOOK_UP = f"""
SELECT word, coalesce(stems, '{{}}'),
    EXISTS (SELECT FROM catalog_word WHERE catalog_word.word >= a.word AND catalog_word.word < a.word || '{LAST}'),
    array(
        SELECT DISTINCT w.word::text FROM catalog_word w
        WHERE w.word >= start AND w.word < start || '{LAST}' AND w.word <> a.word
        AND catalog_stems(w.word, languages) && stems
    )
FROM (SELECT %s AS languages, (string_to_array(catalog_fold(%s), ' '))[:{MOST}] AS words) AS given,
    unnest(words) WITH ORDINALITY AS a (word, n),
    catalog_stems(word, languages) AS stems,
    left(word, greatest(3, length(word) - 4)) AS start
WHERE word <> '' ORDER BY n
"""
NEAR = """
SELECT DISTINCT a.word, w.word::text, catalog_stems(a.word, languages), catalog_stems(w.word, languages)
FROM (SELECT %s AS languages, %s AS words) AS given, unnest(words) AS a (word)
JOIN catalog_word w ON w.remainders && catalog_remainders(a.word)
"""


# A product that is written meanwhile may lose a word to this: it is found all the same, but not by a typo.
UNUSED = """
DELETE FROM catalog_word WHERE id IN (
    SELECT w.id FROM (SELECT id, word FROM catalog_word WHERE id >= %s ORDER BY id LIMIT %s) AS w
    WHERE NOT EXISTS (SELECT FROM catalog_product WHERE search @@ w.word::tsquery)
    AND NOT EXISTS (SELECT FROM catalog_category WHERE w.word = ANY(string_to_array(catalog_fold(name), ' ')))
)
"""


@dataclass(frozen=True)
class Known:
    """A word of a text, without accents and in small letters, and what the catalogue has of it.

    stems: one a language that does not take it for a stop word, after the language's name.
    begins: whether a word of the catalogue begins with it.
    forms: words of the catalogue that have a stem of it.
    """

    word: str
    stems: Sequence[str]
    begins: bool
    forms: Sequence[str]

    @property
    def is_stop(self) -> bool:
        return len(self.stems) < len(settings.SEARCH_LANGUAGES)

    @property
    def may_be_typo(self) -> bool:
        """Return whether it is such a word as the table has, but neither it nor a form of it is there."""
        return not (self.begins or self.forms) and 2 < len(self.word) <= 30 and not any(map(str.isdigit, self.word))


def look_up(text: str) -> list[Known]:
    """Return the words of a text in their order, a later one of the same left out."""
    rows = fetch(Sql(LOOK_UP, (settings.SEARCH_LANGUAGES, text)))
    return list({row[0]: Known(*row) for row in rows}.values())


def any_of(word: Known) -> str:
    """Return the query for the word or another form of it."""
    return f"({' | '.join((word.word, *word.forms))})"


def find_meant(words: Iterable[str]) -> dict[str, list[str]]:
    """Return for each word those of the catalogue that were most likely meant: of the fewest edits.

    A word of up to 3 letters has none, one of up to 7 has one, and a longer one two, in itself or in its stem. Where
    words of as few edits begin with the same letter, only these count.
    """
    long_enough = [word for word in words if len(word) > 3]
    found: dict[str, list[tuple[int, bool, str]]] = {}
    for word, other, *stems in fetch(Sql(NEAR, (settings.SEARCH_LANGUAGES, long_enough))) if long_enough else []:
        pairs = [(word, other), *zip(*stems, strict=False)] if all(stems) else [(word, other)]
        edits = min(count_edits(*pair) for pair in pairs)
        if edits <= (1 if len(word) < 8 else 2):
            found.setdefault(word, []).append((edits, other[0] != word[0], other))
    return {word: sorted(other for *key, other in near if key == [*min(near)[:2]]) for word, near in found.items()}


def forget_unused(limit: int) -> int:
    """Delete those of `limit` words, from a random one on, that nothing has any more; return how many."""
    ids = Word.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ids["first"] is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(UNUSED, (random.randint(ids["first"], ids["last"]), limit))
        forgotten: int = cursor.rowcount
    return forgotten


def count_edits(a: str, b: str) -> int:
    """Return how many letters are to be added, removed, replaced or swapped with the next one to get from a to b.

    The distance of optimal string alignment (Damerau 1964).
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
