import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from catalog import categories
from catalog.models import Category
from tests.factories import CategoryFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["High Heels", "high heels", "HIGH HEELS", " High  heels\t", "high\u00a0heels"])
def test_one_category_for_all_spellings_and_the_first_stays(name):
    heels = CategoryFactory(name="High Heels")

    assert categories.find_by_name([name]) == categories.find_or_create([name]) == {name: heels}
    assert Category.objects.get().name == "High Heels"


def test_letters_beyond_ascii_have_capitals_too():
    shawls, indoors = CategoryFactory(name="Écharpes"), CategoryFactory(name="İç giyim")

    assert categories.find_or_create(["écharpes", "iç Giyim"]) == {"écharpes": shawls, "iç Giyim": indoors}


def test_of_several_new_spellings_the_first_is_kept(django_assert_num_queries):
    names = ["tops ", "Tops", "Hats", "hats"]

    with django_assert_num_queries(3):
        made = categories.find_or_create(names)

    assert {name: category.name for name, category in made.items()} == {
        "tops ": "tops",
        "Tops": "tops",
        "Hats": "Hats",
        "hats": "Hats",
    }
    assert Category.objects.count() == 2


def test_what_is_known_costs_one_query(django_assert_num_queries):
    CategoryFactory(name="Tops")

    with django_assert_num_queries(1):
        assert list(categories.find_or_create(["tops", "TOPS"])) == ["tops", "TOPS"]


def test_what_is_unknown_is_not_made_by_looking():
    assert categories.find_by_name(["Tops"]) == {}
    assert not Category.objects.exists()


@pytest.mark.parametrize("name", ["", " \t", "x" * 101])
def test_a_name_that_makes_no_sense_is_refused(name):
    with pytest.raises(ValidationError, match="name"):
        categories.find_or_create(["Tops", name])

    assert not Category.objects.exists()


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("tops", "one_category_per_name"),
        ("Tops ", "category_name_is_single_spaced"),
        ("High  heels", "category_name_is_single_spaced"),
    ],
)
def test_the_database_takes_no_twin_from_anybody(name, constraint):
    CategoryFactory(name="Tops")

    with pytest.raises(IntegrityError, match=constraint):
        Category.objects.create(name=name)
