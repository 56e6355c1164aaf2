import pytest
from django import forms as django_forms

from recommender.admin import forms
from recommender.admin.forms import TrainForm, method_form
from recommender.models import ModelVersion, Role
from recommender.versions import methods
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/recommender/modelversion/add/"
FIELDS = {"epochs": "", "seed": "0"}


@pytest.fixture
def shop():
    """Ten pictures, with which a training can be queued."""
    return ProductFactory.create_batch(10)


def filled(method: str, **fields: str) -> forms.MethodForm:
    return method_form(TrainForm, method, {})(FIELDS | fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("epochs", "-1"), ("epochs", "0"), ("epochs", "100001"), ("epochs", "99999999999")],
        *[("seed", "-1"), ("seed", "2147483648"), ("seed", "9" * 20)],
        *[("setting_dimensions", "many"), ("setting_dimensions", "1"), ("setting_whitening", "nan")],
    ],
)
def test_a_training_that_makes_no_sense_is_refused_at_its_field(admin_client, shop, field, value):
    answer = admin_client.post(f"{ADD}?method=pixels", FIELDS | {field: value})

    assert list(answer.context["adminform"].form.errors) == [field]
    assert not ModelVersion.objects.exists()


def test_a_wrong_setting_is_named_at_its_field_also_when_no_worker_runs(monkeypatch, shop):
    def send(*args, **options):
        raise AssertionError("a form asked a worker")

    monkeypatch.setattr("recommender.broker._publish", send)

    assert filled("visrec", setting_backbone="magic").errors == {
        "setting_backbone": ["visrec: backbone is 'magic'; it takes none or a network of torchvision's"]
    }
    # Of two settings that do not go together the form is told.
    errors = filled("infogan", setting_feature="trunk", setting_image_size="128x128").errors
    assert list(errors) == ["setting_feature"] and "no index can hold" in errors["setting_feature"][0]


def test_the_fields_are_the_settings_with_help_bounds_and_defaults():
    form = method_form(TrainForm, "visrec", {})()

    colour = form.fields["setting_colour"]
    assert (colour.min_value, colour.max_value, colour.initial) == (0, 10, 0.45)
    assert "Weight of colour" in colour.help_text and "Default: 0.45." in colour.help_text
    jpeg = method_form(TrainForm, "dvbpr", {})().fields
    assert all(name.startswith("setting_") or name in TrainForm.Meta.fields for name in jpeg)
    kinds = {name: type(field) for name, field in method_form(TrainForm, "vbpr", {})().fields.items()}
    assert kinds["setting_preprocessing"] is django_forms.ChoiceField
    assert kinds["setting_factors"] is django_forms.IntegerField


@pytest.mark.parametrize("method", sorted(methods.methods.METHODS))
def test_each_method_has_a_form_whose_defaults_are_valid(method):
    form_class = method_form(TrainForm, method, {})
    data = {name: field.initial for name, field in form_class().fields.items() if field.initial is not None}

    form = form_class(FIELDS | data)

    assert list(form.errors) == ["__all__"]  # the shop has no pictures: it is asked last, once the settings are valid
    assert "a training needs at least" in str(form.errors) or "which a generator needs" in str(form.errors)
    assert (form.cleaned_data["method"], form.cleaned_data["settings"]) == (method, {})


def test_what_is_as_by_default_is_left_to_the_method_and_the_rest_is_kept(shop):
    form = filled("pixels", setting_dimensions="64", setting_whitening="0.5", setting_image_size="")

    assert form.is_valid()
    assert form.cleaned_data["settings"] == {"dimensions": 64}


def test_a_shop_with_too_little_is_told_before_anything_is_queued(admin_client):
    page = admin_client.post(f"{ADD}?method=pixels", FIELDS).content.decode()

    assert "the shop has 0 pictures; a training needs at least 10" in page
    assert not ModelVersion.objects.exists()


def test_a_network_of_a_library_is_named_in_its_form(shop):
    form = filled("timm", network="resnet18.a1_in1k", setting_weights="w.pt")

    assert form.is_valid()
    assert form.cleaned_data["method"] == "timm:resnet18.a1_in1k"
    assert form.cleaned_data["settings"] == {"weights": "w.pt"}


@pytest.mark.parametrize(
    ("method", "network", "field", "reason"),
    [
        ("timm", "", "network", "This field is required."),
        ("open_clip", "hf-hub:x", "network", "networks of open_clip are named as open_clip:ViT"),
        ("open_clip", "ViT-B-32", "setting_weights", "weights is missing"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(method, network, field, reason):
    errors = filled(method, network=network).errors

    assert list(errors) == [field]
    assert reason in errors[field][0]


def test_a_setting_of_yes_or_no_is_chosen(shop):
    form = filled("open_clip", network="ViT-B-32", setting_weights="w.pt", setting_text="no")

    assert form.is_valid()
    assert form.cleaned_data["settings"] == {"weights": "w.pt", "text": False}


def test_methods_are_offered_by_role_the_default_first():
    similar, personal, design = forms.choices()

    assert [role for role, *_ in forms.choices()] == list(Role)
    assert [single[0][0] for _, single, _ in (similar, personal, design)] == ["visrec", "hybrid", "lsgan"]
    names = {name for _, single, several in forms.choices() for name, _ in single} | {
        name for _, _, several in forms.choices() for _, group in several for name in group
    }
    assert names == {*methods.methods.METHODS, "timm", "open_clip"}
    [(summary, networks)] = similar[2]
    assert "ImageNet" in summary and "resnet50" in networks


def test_a_version_that_exists_has_no_form(admin_client):
    version = ModelVersion.objects.create(method="pixels", number=1, role="similar")

    page = admin_client.get(f"/admin/recommender/modelversion/{version.pk}/change/")

    assert page.status_code == 200 and "setting_" not in page.content.decode()
