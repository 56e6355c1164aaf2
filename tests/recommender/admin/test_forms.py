import pytest

from recommender.admin.forms import TrainForm, method_groups
from recommender.models import ModelVersion, Role

pytestmark = pytest.mark.django_db
ADD = "/admin/recommender/modelversion/add/"
FIELDS = {"method": "pixels", "settings": "{}", "epochs": "", "seed": "0"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("method", "magic"), ("epochs", "-1"), ("epochs", "0")],
        *[("epochs", "100001"), ("epochs", "99999999999"), ("seed", "-1"), ("seed", "2147483648"), ("seed", "9" * 20)],
        *[("settings", r'{"weights": "a\u0000.pth"}'), ("settings", r'{"weights": "\ud800.pth"}')],
        *[("settings", "[1]"), ("settings", "{"), ("settings", '{"size": 16}'), ("settings", '{"dimensions": "many"}')],
    ],
)
def test_a_training_that_makes_no_sense_is_refused(admin_client, field, value):
    answer = admin_client.post(ADD, FIELDS | {"method": "vbpr" if "weights" in value else "pixels", field: value})

    assert list(answer.context["adminform"].form.errors) == [field]
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"size": 16}', "size is not a setting here"),
        ('{"dimensions": "many"}', "dimensions is 'many'; it takes a whole number from 2 to 1024"),
        ('{"dimensions": 1}', "dimensions is 1; it takes a whole number from 2 to 1024"),
        ('{"\\u0000": 1}', r"'\x00' is not a setting here"),
        ("[1]", "an object with names and values"),
    ],
)
def test_an_error_names_the_setting_at_once_also_when_no_worker_runs(monkeypatch, text, reason):
    def send(*args, **options):
        raise AssertionError("a form asked a worker")

    monkeypatch.setattr("recommender.broker._publish", send)

    form = TrainForm(FIELDS | {"settings": text})

    assert list(form.errors) == ["settings"]
    assert reason in form.errors["settings"][0]


def test_settings_may_be_left_out():
    form = TrainForm(FIELDS | {"settings": ""})

    assert form.is_valid()
    assert form.cleaned_data["settings"] == {}


def test_a_network_of_a_library_is_named_beside_it():
    form = TrainForm(FIELDS | {"method": "timm", "network": "resnet18.a1_in1k", "settings": '{"weights": "w.pt"}'})

    assert form.is_valid()
    assert form.save(commit=False).method == form.cleaned_data["method"] == "timm:resnet18.a1_in1k"


@pytest.mark.parametrize(
    ("method", "network", "field", "reason"),
    [
        ("timm", "", "network", "networks of timm are named as timm:vit"),
        ("open_clip", "hf-hub:x", "network", "networks of open_clip are named as open_clip:ViT"),
        ("pixels", "resnet18", "network", "pixels is no library: leave this empty"),
        ("open_clip", "ViT-B-32", "settings", "weights is missing"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(method, network, field, reason):
    form = TrainForm(FIELDS | {"method": method, "network": network})

    assert list(form.errors) == [field]
    assert reason in form.errors[field][0]


def test_methods_are_grouped_by_role_and_those_of_one_summary_together():
    (heading, single), *several = method_groups(Role.SIMILAR)

    assert heading == "similar styles"
    assert ("visrec", "visrec: our default: shape, a self-supervised network and colour") in single
    [(summary, networks)] = several
    assert "ImageNet" in summary and ("resnet50", "resnet50") in networks
    assert not {name for name, _ in single} & {name for name, _ in networks}


def test_each_method_can_be_chosen_once():
    groups = TrainForm().fields["method"].choices
    names = [name for _, choices in groups for name, _ in choices]

    assert len(names) == len(set(names)) and {"visrec", "hybrid", "lsgan"} <= set(names)


def test_a_version_that_exists_has_no_form(admin_client):
    version = ModelVersion.objects.create(method="pixels", number=1, role="similar")

    page = admin_client.get(f"/admin/recommender/modelversion/{version.pk}/change/")

    assert page.status_code == 200 and 'name="method"' not in page.content.decode()
