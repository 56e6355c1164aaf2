from catalog.models import Synonyms, Word


def test_words_and_synonyms_are_named_as_they_are():
    assert (str(Word(word="boots")), str(Synonyms(terms="mac, raincoat"))) == ("boots", "mac, raincoat")
