import pytest

from catalog.models import Category
from recommender.workers import label_measures
from tests.factories import ProductFactory, embed, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelves(active):
    """Twelve products by angle: six shoes, then six bags; every second one is red, the others are blue."""
    products = placed(active, *range(0, 60, 10), *range(120, 180, 10))
    bags = Category.objects.create(name="Bags")
    for number, product in enumerate(products):
        product.category = bags if number >= 6 else product.category
        product.attributes = {"colour": ("red", "blue")[number % 2], "heel": 7.5}
        product.save()
    return products


def test_a_version_is_measured_against_categories_and_attributes(active, shelves, monkeypatch):
    monkeypatch.setattr(label_measures, "LEAST", 10)

    found = label_measures.measure(active)

    assert sorted(found) == ["intervals", "map/category", "map/colour", "precision@5/category", "precision@5/colour"]
    assert (found["precision@5/category"], found["map/category"]) == (1, 1)
    # Of the five others on the same shelf two have the product's colour, whichever it is.
    assert found["precision@5/colour"] == pytest.approx(0.4)
    low, high = found["intervals"]["precision@5/category"]
    assert (low, high) == (1, 1)


def test_what_too_few_products_have_is_no_label(active, shelves):
    assert "map/colour" not in label_measures.measure(active)


def test_hidden_products_and_those_without_a_vector_do_not_count(active, shelves, monkeypatch):
    before = label_measures.measure(active)
    ProductFactory(category__name="Bags", image=False)
    (hidden,) = placed(active, 5, category=Category.objects.get(name="Bags"))
    hidden.is_hidden = True
    hidden.save()

    assert label_measures.measure(active) == before


def test_of_one_category_nothing_is_measured(active):
    for degrees in (0, 10):
        embed(ProductFactory(), active, turned(degrees))

    assert label_measures.measure(active) == {}


def test_labels_that_are_missing_are_below_zero():
    facts = [{"category": "a", "size": "S"}, {"category": "b"}, {"category": "a", "size": 7}]

    assert [(name, found.tolist()) for name, found in label_measures.labels_of(facts).items()] == [
        ("category", [0, 1, 0])
    ]
