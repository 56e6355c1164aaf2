import pytest

from recommender.imports import pages, runs, storage
from tests.recommender.imports.conftest import done, row

pytestmark = pytest.mark.django_db


def test_the_first_products_are_shown_with_their_pictures(uploaded):
    page = pages.read_page(uploaded(row("A"), row("B", price="cheap")), {})

    (picture, lack, lines), (missing, why, problem) = page.shown
    assert picture.startswith("data:image/jpeg;base64,") and lack == ""
    assert (missing, why) == ("", "none")
    assert lines[0] == "A | Boots | Shoes | 9.50"
    assert problem[0].startswith("products.csv line 3: price: 'cheap' is no price")
    assert ("price", "price") in page.mapping and page.preview.total == 2


def test_of_a_table_that_lacks_columns_the_columns_can_be_chosen(uploaded):
    run = uploaded(row("A"), header="Nr,title,category,price,Ansicht")

    page = pages.read_page(run, {})
    chosen = pages.read_page(run, {"Nr": "sku", "Ansicht": "image"})

    assert page.preview is None and "lacks: sku, image" in page.problem
    assert page.mapping == [
        ("Nr", "attribute"), ("title", "title"), ("category", "category"), ("price", "price"), ("Ansicht", "attribute")
    ]  # fmt: skip
    assert (chosen.problem, chosen.preview.total) == ("", 1)


def test_a_file_that_is_no_table_has_no_columns():
    page = pages.read_page(runs.upload("shop.zip", [b"no zip"], by=None, columns={}), {})

    assert page.mapping == []
    assert page.problem.startswith("shop.zip is no zip")


def test_a_file_that_is_gone_is_told(uploaded):
    run = uploaded(row("A"))
    storage.remove_source(run)

    assert pages.read_page(run, {}).problem == "The file is no longer there: upload it again."


def test_what_can_be_started_is_what_nobody_had_imported(uploaded):
    run = uploaded(row("A"))
    assert pages.can_start(run)

    runs.start(run, is_trial=True)
    tried = done(run)
    assert pages.can_start(tried)

    runs.start(tried)
    assert not pages.can_start(done(tried))


def test_the_first_problems_are_read_of_the_report(uploaded):
    run = uploaded(row("A", price="cheap"))
    assert pages.problems_of(run) == []
    runs.start(run)

    assert pages.problems_of(done(run))[0][:3] == ["products.csv", "2", "price"]
