"""Words and short phrases that mean the same to whoever searches, as staff notes them in the admin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings

from catalog.rows import Sql, fetch
from catalog.vocabulary import Known, any_of, look_up

LONGEST = 3  # words of a phrase
TERMS = """
SELECT id, term, array(
    SELECT coalesce((catalog_stems(word, %s))[1], word)
    FROM unnest(string_to_array(term, ' ')) WITH ORDINALITY AS w (word, n) ORDER BY n
) FROM catalog_synonyms, unnest(string_to_array(terms, ',')) AS part, catalog_fold(part) AS term
WHERE term <> ''
"""


@dataclass(frozen=True)
class Term:
    """A word or a phrase of a group, as catalog_fold has it; stems: as catalog.vocabulary.Known has its first one."""

    group: int
    text: str
    stems: Sequence[str]


@dataclass(frozen=True)
class Run:
    """A word of a text, or several that are a phrase, and the queries of its synonyms."""

    words: Sequence[Known]
    synonyms: Sequence[str]


def runs(words: Sequence[Known]) -> Iterator[Run]:
    """Yield the words of a text: the longest phrases that have synonyms, and else each word by itself."""
    terms = [Term(*row) for row in fetch(Sql(TERMS, (settings.SEARCH_LANGUAGES,)))]
    rest = list(words)
    while rest:
        for length in range(min(LONGEST, len(rest)), 0, -1):
            others = others_of(rest[:length], terms)
            if others or length == 1:
                yield Run(rest[:length], [query_of(term) for term in others])
                del rest[:length]
                break


def others_of(run: Sequence[Known], terms: Sequence[Term]) -> list[Term]:
    """Return the terms of the groups in which this run of words is, but not itself."""
    stems = [word.stems[0] if word.stems else word.word for word in run]
    groups = {term.group for term in terms if list(term.stems) == stems}
    return [term for term in terms if term.group in groups and list(term.stems) != stems]


def query_of(term: Term) -> str:
    """Return the query of a term: each of its words, or another form of it."""
    return f"({' & '.join(any_of(word) for word in look_up(term.text))})"
