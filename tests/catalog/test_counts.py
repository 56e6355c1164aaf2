import pytest
from django.db import connection

from catalog import counts
from catalog.models import Category
from tests.factories import CategoryFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def thirty() -> None:
    """Thirty categories, whose number PostgreSQL knows."""
    for number in range(30):
        CategoryFactory(name=f"C{number}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_category")


@pytest.mark.parametrize("bound", [30, 1000])
def test_up_to_the_bound_every_row_is_counted(thirty, monkeypatch, bound):
    monkeypatch.setattr(counts, "EXACT", bound)

    assert counts.count(Category.objects.exclude(name="C0")) == counts.Count(29, 29, is_estimated=False)


def test_above_the_bound_the_number_is_postgresql_s(thirty, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(counts, "EXACT", 10)

    with django_assert_num_queries(1):
        assert counts.count(Category.objects.all()) == counts.Count(30, 30, is_estimated=True)


def test_an_estimate_is_never_within_the_bound(thirty, monkeypatch):
    monkeypatch.setattr(counts, "EXACT", 20)
    monkeypatch.setattr(counts, "estimate", lambda rows: 5)

    assert counts.count(Category.objects.all()) == counts.Count(21, 5, is_estimated=True)


def test_an_estimate_for_conditions_that_exclude_each_other_is_verified(thirty, monkeypatch):
    monkeypatch.setattr(counts, "EXACT", 20)
    rows, total = Category.objects.filter(name__startswith="C1"), counts.Count(300, 300, is_estimated=True)

    stands = counts.verified(total, rows, Category.objects.filter(name="C12"))
    counted = counts.verified(total, rows, Category.objects.filter(name="C2"))
    many = counts.verified(total, Category.objects.all(), Category.objects.none())

    assert (stands, many, counted) == (total, total, counts.Count(11, 300, is_estimated=False))


def test_conditions_that_nothing_meets_need_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert counts.count(Category.objects.filter(pk__in=[])) == counts.Count(0, 0, is_estimated=False)


@pytest.mark.parametrize(
    ("number", "rounded"), [(7, 7), (99, 99), (101, 100), (15_678, 15_000), (1_000_000, 1_000_000)]
)
def test_estimates_have_two_digits(number, rounded):
    assert counts.round_down(number) == rounded
