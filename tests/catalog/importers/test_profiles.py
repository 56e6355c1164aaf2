import pytest

from catalog.errors import ImportFailed
from catalog.importers import profiles
from catalog.models import ImportProfile


def test_choices_are_fields_by_column():
    choices = ["Art=Nr=sku", " Bild = image", "Colour=attribute", "Cost=ignore", "Margin=ignore"]

    assert profiles.parse(choices) == {
        "Art=Nr": "sku", "Bild": "image", "Colour": "attribute", "Cost": "ignore", "Margin": "ignore",
    }  # fmt: skip


def test_two_columns_of_one_field_are_refused():
    with pytest.raises(ImportFailed, match="--set B=sku: A is taken for sku already"):
        profiles.parse(["A=sku", "B=sku"])


@pytest.mark.parametrize("choice", ["sku", "=sku", "Bild=picture"])
def test_a_choice_that_is_none_is_refused_with_the_fields(choice):
    with pytest.raises(
        ImportFailed, match=f"--set {choice}: it is COLUMN=FIELD, with FIELD one of sku, title, category"
    ):
        profiles.parse([choice])


@pytest.mark.django_db
def test_a_profile_is_replaced_under_its_name_and_another_name_is_told():
    profiles.store("ours", {"A": "sku"})
    profiles.store("ours", {"B": "sku"})

    assert profiles.load("ours") == {"B": "sku"}
    assert ImportProfile.objects.count() == 1
    with pytest.raises(ImportFailed, match="there is no profile theirs, only: ours"):
        profiles.load("theirs")
