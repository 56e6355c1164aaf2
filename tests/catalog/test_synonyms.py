import pytest

from catalog import synonyms
from catalog.models import Synonyms
from catalog.vocabulary import look_up

pytestmark = pytest.mark.django_db


def runs(text: str) -> list[tuple[list[str], int]]:
    return [([word.word for word in run.words], len(run.synonyms)) for run in synonyms.runs(look_up(text))]


def test_the_longest_phrase_is_taken():
    Synonyms.objects.all().delete()
    Synonyms.objects.create(terms="rain coat, mac, ")
    Synonyms.objects.create(terms="coat, jacket")

    assert runs("red rain coats") == [(["red"], 0), (["rain", "coats"], 1)]
    assert runs("coat macs") == [(["coat"], 1), (["macs"], 1)]


def test_a_word_in_two_groups_has_the_terms_of_both():
    Synonyms.objects.all().delete()
    for terms in ("Jumper, sweater", "jumper, pinafore dress"):
        Synonyms.objects.create(terms=terms)

    [run] = synonyms.runs(look_up("jumpers"))

    assert sorted(run.synonyms) == ["((pinafore) & (dress))", "((sweater))"]
