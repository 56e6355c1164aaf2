import pytest

from recommender.admin import indexes
from recommender.audits import width
from recommender.audits.models import ChangeKind
from recommender.models import ModelVersion
from tests.factories import VersionFactory
from tests.recommender.audits.test_recall import answered

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("ef_search", "metric", "words"),
    [
        (None, "cosine", ""),
        (400, "cosine", "its index is searched with 400 candidates in place of 100"),
        (1000, "inner", "its index is searched with 1,000 candidates in place of 400"),
        (0, "cosine", "all products are compared, without the index"),
    ],
)
def test_words_say_how_a_version_is_searched(ef_search, metric, words):
    assert indexes.describe(ModelVersion(ef_search=ef_search, metric=metric)) == words


def test_an_index_that_was_not_checked_is_not_shown(active):
    answered(VersionFactory(), 1)  # it does not serve

    assert indexes.indexes() == []


def test_recall_is_told_by_kind_of_filter(active):
    answered(active, *[1] * 99, 0)
    answered(active, 1, filters="price", ef_search=0)

    [found] = indexes.indexes()

    assert found.rows == [
        indexes.Row("no filter", 100, "99.0 %", "94.6 to 99.8", "0 %"),
        indexes.Row("price", 1, "100.0 %", "20.7 to 100.0", "100 %"),
    ]
    assert (found.usual, found.search, found.changes) == ("", "", [])


def test_a_version_that_is_searched_more_widely_says_what_the_usual_search_finds(active):
    width.change(active, 400, ChangeKind.WIDENED, "because")
    answered(active, 1, usual_recall=0.5)

    [found] = indexes.indexes()

    assert found.usual == "50.0 % (5.5 to 94.5)"
    assert [change.reason for change in found.changes] == ["because"]
