"""The words of the catalogue: other forms of a word, by PostgreSQL's dictionaries, and words that it may be a typo of.

For typos PostgreSQL has pg_trgm, which not every installation brings. Here a table has each word of the catalogue with
what remains of it without one or two letters, so that an index leads from a typo to the words that are near.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import connection
from django.db.models import Max, Min

from catalog.models import Word
from catalog.rows import Sql, fetch

MOST = 20  # words of a text; those that follow are ignored
MOST_PARTS = 4  # of a SKU that is typed with spaces
SHORT = 3  # letters of a part of a SKU that has no digits, and of a word of which no typo is known
LAST = "\U0010ffff"  # behind all that begins with what is before it
# Two forms of a word differ in the last four letters at most: so few words begin alike that their stems are compared.
# A code is what stands between spaces and has a digit, such as a SKU, without its signs.
LOOK_UP = rf"""
SELECT word, coalesce(stems, '{{}}'),
    EXISTS (SELECT FROM catalog_word WHERE catalog_word.word >= a.word AND catalog_word.word < a.word || '{LAST}'),
    array(
        SELECT DISTINCT w.word::text FROM catalog_word w
        WHERE w.word >= start AND w.word < start || '{LAST}' AND w.word <> a.word
        AND catalog_stems(w.word, languages) && stems
    ),
    CASE WHEN folded ~ '[0-9]' THEN replace(folded, ' ', '') ELSE '' END
FROM (SELECT %s AS languages, (regexp_split_to_array(btrim(%s), '\s+'))[:{MOST}] AS tokens) AS given,
    LATERAL (
        SELECT word, folded, row_number() OVER (ORDER BY k, m) AS n
        FROM unnest(tokens) WITH ORDINALITY AS t (token, k), catalog_fold(token) AS folded,
            unnest(string_to_array(folded, ' ')) WITH ORDINALITY AS w (word, m)
        WHERE word <> '' ORDER BY n LIMIT {MOST}
    ) AS a,
    catalog_stems(word, languages) AS stems,
    left(word, greatest(3, length(word) - 4)) AS start
ORDER BY n
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
    code: what it is a part of, if that may be a SKU: of SH-004 sh004; else empty.
    """

    word: str
    stems: Sequence[str]
    begins: bool
    forms: Sequence[str]
    code: str = ""

    @property
    def is_stop(self) -> bool:
        return len(self.stems) < len(settings.SEARCH_LANGUAGES)

    @property
    def may_be_typo(self) -> bool:
        """Return whether it is such a word as the table has, but neither it nor a form of it is there."""
        has_one = self.begins or self.forms or self.code
        return not has_one and 2 < len(self.word) <= 30 and not any(map(str.isdigit, self.word))


def look_up(text: str) -> list[Known]:
    """Return the words of a text in their order, a later one of the same left out."""
    words = list({row[0]: Known(*row) for row in fetch(Sql(LOOK_UP, (settings.SEARCH_LANGUAGES, text)))}.values())
    code = spaced_code([word.word for word in words])
    return [replace(word, code=code) for word in words] if code else words


def spaced_code(words: Sequence[str]) -> str:
    """Return the code that a text of few short words spells, such as SH 004 S; empty for any other text."""
    are_short = all(len(word) <= SHORT or any(map(str.isdigit, word)) for word in words)
    code = "".join(words)
    return code if 1 < len(words) <= MOST_PARTS and are_short and any(map(str.isdigit, code)) else ""


def any_of(word: Known) -> str:
    """Return the query for the word or another form of it."""
    return f"({' | '.join((word.word, *word.forms))})"


def find_meant(words: Iterable[str]) -> dict[str, list[str]]:
    """Return for each word those of the catalogue that were most likely meant: of the fewest edits.

    A word of up to 3 letters has none, one of up to 7 has one, and a longer one two, in itself or in its stem. Where
    words of as few edits begin with the same letter, only these count.
    """
    long_enough = [word for word in words if len(word) > SHORT]
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
