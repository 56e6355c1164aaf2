import pytest

from catalog.errors import ImportFailed
from catalog.importers import profiles
from catalog.models import ImportProfile


def test_choices_are_columns_by_our_fields():
    assert profiles.parse(["Art=Nr=sku", " Bild = image"]) == {"sku": "Art=Nr", "image": "Bild"}


@pytest.mark.parametrize("choice", ["sku", "=sku", "Bild=picture"])
def test_a_choice_that_is_none_is_refused_with_the_fields(choice):
    with pytest.raises(
        ImportFailed, match=f"--set {choice}: it is COLUMN=FIELD, with FIELD one of sku, title, category"
    ):
        profiles.parse([choice])


@pytest.mark.django_db
def test_a_profile_is_replaced_under_its_name_and_another_name_is_told():
    profiles.store("ours", {"sku": "A"})
    profiles.store("ours", {"sku": "B"})

    assert profiles.load("ours") == {"sku": "B"}
    assert ImportProfile.objects.count() == 1
    with pytest.raises(ImportFailed, match="there is no profile theirs, only: ours"):
        profiles.load("theirs")
