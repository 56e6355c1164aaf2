import pytest

from catalog.models import ImportProfile
from recommender.imports.forms import FeedForm, ProductColumnsForm, UploadForm

MAPPING = [("Nr", "attribute"), ("title", "title"), ("Ansicht", "attribute")]


def test_each_column_has_a_select_box_with_what_it_is_taken_for():
    form = ProductColumnsForm(None, MAPPING, {"Ansicht": "image"})

    nr, title, image = form.selects
    assert [field.label for field in form.selects] == ["Nr", "title", "Ansicht"]
    assert nr.field.choices[0] == ("", "as recognised: attribute")
    assert title.field.choices[0] == ("", "as recognised: title")
    assert (title.initial, image.initial) == ("", "image")
    assert "SKU" in dict(nr.field.choices).values()


def test_what_was_chosen_is_by_column():
    form = ProductColumnsForm({"column-0": "sku", "column-2": "image", "store_as": " supplier "}, MAPPING, {})

    assert form.is_valid()
    assert form.cleaned_data["choices"] == {"columns": {"Nr": "sku", "Ansicht": "image"}, "store_as": "supplier"}


def test_several_columns_can_be_left_out_or_kept_as_attributes():
    form = ProductColumnsForm({"column-0": "ignore", "column-1": "attribute", "column-2": "ignore"}, MAPPING, {})

    assert form.is_valid()
    assert form.cleaned_data["choices"]["columns"] == {"Nr": "ignore", "title": "attribute", "Ansicht": "ignore"}


def test_a_field_is_chosen_once_and_exists():
    form = ProductColumnsForm({"column-0": "image", "column-1": "colour", "column-2": "image"}, MAPPING, {})

    assert not form.is_valid()
    assert form.errors["column-2"] == ["first picture is chosen for Nr already."]
    assert "colour" in form.errors["column-1"][0]


@pytest.mark.django_db
def test_a_profile_gives_its_columns(django_file):
    profile = ImportProfile.objects.create(name="supplier", columns={"Nr": "sku"})

    form = UploadForm({"profile": profile.pk}, {"source": django_file})

    assert form.is_valid()
    assert form.columns == {"Nr": "sku"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://elsewhere.example/f.csv", "the host elsewhere.example is not among those in VISREC_IMAGE_HOSTS"),
        ("file:///etc/passwd", "only http:// and https:// URLs are fetched"),
        ("http://127.0.0.1/f.csv", "the host 127.0.0.1 is not among"),
    ],
)
def test_a_feed_that_would_be_refused_is_an_error_of_its_field(settings, url, reason):
    settings.IMAGE_HOSTS = ["img.example"]

    form = FeedForm({"name": "supplier", "url": url, "interval": 24, "hour": 3, "most_retired": 20})

    assert reason in form.errors["url"][0]
    assert "http:// or https:// of a host that the setting VISREC_IMAGE_HOSTS names, which is img.example" in str(
        form.errors
    )


@pytest.mark.django_db
def test_the_hour_of_a_feed_is_one_of_a_day(settings):
    settings.IMAGE_HOSTS = ["img.example"]
    form = FeedForm({"name": "s", "url": "http://img.example/f", "interval": 24, "hour": 24, "most_retired": 101})

    assert sorted(form.errors) == ["hour", "most_retired"]
