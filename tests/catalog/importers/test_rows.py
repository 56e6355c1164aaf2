import pytest

from catalog.importers.rows import UNSTORABLE, Problem


def test_a_problem_says_where_and_why():
    assert str(Problem("styles.csv line 17", "it has 3 fields")) == "styles.csv line 17: it has 3 fields"


@pytest.mark.parametrize(("text", "found"), [("a\0b", True), ("\udc80", True), ("Écharpe 👟", False)])
def test_nul_and_half_a_surrogate_pair_cannot_be_stored(text, found):
    assert bool(UNSTORABLE.search(text)) is found
