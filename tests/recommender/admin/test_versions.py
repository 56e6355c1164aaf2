import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format
from django.utils.timezone import localtime

from recommender.experiments.models import Arm
from recommender.models import ImageEmbedding, ModelVersion
from recommender.versions import previews, retention
from tests.factories import ProductFactory, VersionFactory, clerk, embed, turned
from tests.recommender.conftest import placed
from tests.recommender.experiments.conftest import begin

pytestmark = pytest.mark.django_db
LIST = "/admin/recommender/modelversion/"


def test_queries_do_not_grow_with_the_list(admin_client):
    def grow():
        for _ in range(10):
            VersionFactory(state="training")

    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(LIST).status_code == 200
        return len(queries)

    grow()
    few = counted()
    grow()
    assert counted() == few


def test_a_version_shows_how_it_learnt(admin_client):
    losses = [{"epoch": 1, "all": 3.0, "all/kl": 0.1}, {"epoch": 2, "all": 1.0, "all/kl": 0.2}]
    version = VersionFactory(metrics={"auc": 0.78, "intervals": {"auc": [0.7, 0.8]}, "losses": losses})

    page = admin_client.get(f"{LIST}{version.pk}/change/").content.decode()

    assert page.count("data-chart>") == 2
    assert "<figcaption>Loss of all, nats</figcaption>" in page and '<td data-y="0.2">0.2</td>' in page
    assert "0.7 to 0.8" in page
    assert 'name="_save"' not in page
    assert "auc 0.78" in admin_client.get(LIST).content.decode()


def test_a_personal_version_shows_how_reliable_its_chances_are(admin_client):
    metrics = {"auc": 0.8, "calibration error": 0.021, "reliability": [[0.11, 0.13, 40], [0.92, 0.9, 31]]}
    version = VersionFactory(role="personal", method="dvbpr", metric="inner", metrics=metrics)

    page = admin_client.get(f"{LIST}{version.pk}/change/").content.decode()

    assert '<th scope="row" data-x="0.92">92 %</th><td data-y="90.0">90 % of 31</td>' in page
    assert "0.021" in page and "[0.11" not in page


def test_a_failed_version_shows_why(admin_client):
    version = VersionFactory(state="failed", error="the shop has 2 pictures")
    assert "the shop has 2 pictures" in admin_client.get(f"{LIST}{version.pk}/change/").content.decode()


def test_progress_is_asked_for_until_the_training_ends(admin_client):
    progress = {"stage": "training", "done": 4, "of": 10}
    version = VersionFactory(state="training", progress=progress)
    path = f"{LIST}{version.pk}/progress/"
    assert f'hx-get="{path}"' in admin_client.get(LIST).content.decode()

    answer = admin_client.get(path)
    assert "training 4 of 10" in answer.content.decode()
    assert "HX-Refresh" not in answer

    ModelVersion.objects.update(state="ready")
    answer = admin_client.get(path)
    assert answer["HX-Refresh"] == "true"
    assert "hx-get" not in answer.content.decode()


def test_a_version_is_put_to_training(admin_client, worker_at_hand, django_capture_on_commit_callbacks):
    VersionFactory(method="pixels", number=4)
    ProductFactory.create_batch(10)

    data = {
        "setting_dimensions": "16",
        "epochs": "3",
        "seed": "7",
        "activate_when_ready": "on",
    }
    with django_capture_on_commit_callbacks() as queued:
        assert admin_client.post(f"{LIST}add/?method=pixels", data).status_code == 302

    version = ModelVersion.objects.get(number=5)
    assert (version.role, version.state, version.settings) == ("similar", "queued", {"dimensions": 16})
    assert (version.epochs, version.seed, version.activate_when_ready) == (3, 7, True)
    assert len(queued) == 1


@pytest.mark.parametrize(
    ("state", "steps"),
    [("ready", ["activate"]), ("active", ["roll-back"]), ("training", ["cancel"]), ("failed", [])],
)
def test_a_version_offers_what_can_be_done_to_it(admin_client, state, steps):
    version = VersionFactory(state=state)

    page = admin_client.get(f"{LIST}{version.pk}/change/").content.decode()

    assert [step for step in ("activate", "roll-back", "cancel") if f"/{version.pk}/step/{step}/" in page] == steps


def test_activation_is_confirmed_first_and_retires_the_former(admin_client, active):
    new = VersionFactory(method="visrec", state="ready")
    path = f"{LIST}{new.pk}/step/activate/"

    assert "All visitors get its recommendations" in admin_client.get(path).content.decode()
    new.refresh_from_db()
    assert new.state == "ready"

    assert f"{new.number} is active now." in admin_client.post(path, follow=True).content.decode()
    new.refresh_from_db()
    active.refresh_from_db()
    assert (new.state, active.state) == ("active", "retired")


def test_rolling_back_returns_to_the_former(admin_client, active):
    new = VersionFactory(method="visrec", state="ready")
    for version in (active, new):
        admin_client.post(f"{LIST}{version.pk}/step/activate/")

    admin_client.post(f"{LIST}{new.pk}/step/roll-back/")

    active.refresh_from_db()
    new.refresh_from_db()
    assert (active.state, new.state) == ("active", "retired")


def test_what_cannot_be_done_is_told(admin_client, active):
    unseen = VersionFactory(state="ready")
    ProductFactory()

    page = admin_client.post(f"{LIST}{unseen.pk}/step/activate/", follow=True).content.decode()
    assert "Pixels 2 is active as soon as a worker has embedded the pictures that it lacks." in page
    assert "Ready, to be activated" in page

    page = admin_client.post(f"{LIST}{active.pk}/step/roll-back/", follow=True).content.decode()
    assert "earlier version has served" in page
    active.refresh_from_db()
    assert active.state == "active"


def test_a_version_says_when_it_is_removed(admin_client, settings):
    settings.RETAINED_VERSIONS = 1
    older, newer = VersionFactory(), VersionFactory()

    pages = [admin_client.get(f"{LIST}{version.pk}/change/").content.decode() for version in (older, newer)]

    date = date_format(localtime(older.created_at + retention.GRACE))
    assert [date in page for page in pages] == [True, False]


def test_a_training_is_cancelled(admin_client):
    version = VersionFactory(state="training")

    admin_client.post(f"{LIST}{version.pk}/step/cancel/")

    version.refresh_from_db()
    assert version.state == "cancelled"


def test_unknown_steps_and_versions_are_not_there(admin_client):
    assert admin_client.get(f"{LIST}{VersionFactory().pk}/step/sell/").status_code == 404
    assert admin_client.get(f"{LIST}999999/step/activate/").status_code == 404
    assert admin_client.get(f"{LIST}999999/progress/").status_code == 404


def test_the_arm_that_would_lose_its_version_is_named_before(admin_client):
    version = VersionFactory()
    begin(Arm(name="A", share=50), Arm(name="B", share=50, version=version))

    page = admin_client.get(f"{LIST}{version.pk}/delete/").content.decode()

    assert "B of the experiment Variety, which runs: it is stopped" in page


def test_a_version_is_deleted_with_its_vectors_but_not_while_it_serves(admin_client, active):
    idle = VersionFactory(state="retired")
    embed(ProductFactory(), idle, [1, 0])

    assert "Vectors: 1" in admin_client.get(f"{LIST}{idle.pk}/delete/").content.decode()
    admin_client.post(f"{LIST}{idle.pk}/delete/", {"post": "yes"})
    assert admin_client.post(f"{LIST}{active.pk}/delete/", {"post": "yes"}).status_code == 403

    assert list(ModelVersion.objects.all()) == [active]
    assert not ImageEmbedding.objects.exists()


def test_staff_without_the_right_may_look_at_nothing(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("clerk", is_staff=True))
    version = VersionFactory(state="training")

    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{version.pk}/progress/").status_code == 403
    assert client.post(f"{LIST}{version.pk}/step/cancel/").status_code == 403
    version.refresh_from_db()
    assert version.state == "training"


def test_each_step_needs_its_own_permission(client):
    client.force_login(clerk("view_modelversion", "change_modelversion"))
    ready, training = VersionFactory(state="ready"), VersionFactory(state="training")

    assert "/step/activate/" not in client.get(f"{LIST}{ready.pk}/change/").content.decode()
    assert client.post(f"{LIST}{ready.pk}/step/activate/").status_code == 403
    assert client.post(f"{LIST}{training.pk}/step/cancel/").status_code == 302

    client.force_login(clerk("view_modelversion", "activate_modelversion"))
    assert "/step/activate/" in client.get(f"{LIST}{ready.pk}/change/").content.decode()
    assert client.post(f"{LIST}{ready.pk}/step/activate/").status_code == 302


def test_a_training_of_staff_without_the_permission_is_not_activated(client):
    client.force_login(clerk("view_modelversion", "add_modelversion"))

    ProductFactory.create_batch(10)
    assert "activate_when_ready" not in client.get(f"{LIST}add/?method=pixels").content.decode()
    form = {"epochs": "", "seed": "0", "activate_when_ready": "on"}
    assert client.post(f"{LIST}add/?method=pixels", form).status_code == 302

    assert not ModelVersion.objects.get().activate_when_ready


def test_a_version_shows_what_it_dreamt_up(admin_client, client):
    version = VersionFactory(method="vae")
    path = f"{LIST}{version.pk}/change/"
    assert "Pictures that" not in admin_client.get(path).content.decode()
    version.folder.mkdir(parents=True)
    for epoch in range(1, 31):
        previews.save_sheet(version, epoch, np.zeros((24, 32, 32, 3), dtype=np.uint8))

    page = admin_client.get(path).content.decode()

    assert f'src="{LIST}{version.pk}/sheets/30/"' in page
    assert page.count("/sheets/") == 2 + 11
    assert admin_client.get(f"{LIST}{version.pk}/sheets/30/").content[8:12] == b"WEBP"
    assert admin_client.get(f"{LIST}{version.pk}/sheets/31/").status_code == 404
    assert client.get(f"{LIST}{version.pk}/sheets/30/").status_code == 302


def test_the_page_of_a_switch_names_what_goes_out_and_comes_in_and_warns(admin_client, active):
    good = {"auc": 0.8, "intervals": {"auc": [0.78, 0.82]}}
    poor = {"auc": 0.7, "intervals": {"auc": [0.68, 0.72]}}
    ModelVersion.objects.filter(pk=active.pk).update(metrics=good)
    new = VersionFactory(method="visrec", metrics=poor)

    page = admin_client.get(f"{LIST}{new.pk}/step/activate/").content.decode()

    assert f"{active} goes out, {new} comes in" in page
    assert f"{new} is below {active}" in page
    assert "0.8 [0.78, 0.82]" in page and "0.7 [0.68, 0.72]" in page
    admin_client.post(f"{LIST}{active.pk}/step/activate/")
    admin_client.post(f"{LIST}{new.pk}/step/activate/", {"reason": "autumn\0 styles"})
    page = admin_client.get(f"{LIST}{new.pk}/step/roll-back/").content.decode()
    assert f"{new} goes out" in page and "is below" not in page
    assert "<td>autumn styles</td>" in admin_client.get(f"{LIST}activations/").content.decode()


def test_pressing_roll_back_twice_does_no_harm(admin_client, active):
    versions = [VersionFactory(method="visrec") for _ in range(3)]
    for version in versions:
        admin_client.post(f"{LIST}{version.pk}/step/activate/")
    back = f"{LIST}{versions[2].pk}/step/roll-back/"

    assert f"{versions[1]} is active again" in admin_client.post(back, follow=True).content.decode()
    assert f"V{str(versions[2])[1:]} is not active" in admin_client.post(back, follow=True).content.decode()

    assert ModelVersion.objects.get(state="active", role="similar") == versions[1]
    page = admin_client.get(f"{LIST}activations/").content.decode()
    assert page.count("rolled back") == 1 and "admin" in page


def test_two_versions_are_compared(admin_client, active):
    query, near = placed(active, 0, 10)
    alone = admin_client.get(f"{LIST}{active.pk}/compare/").content.decode()
    assert "There is no other version for similar styles yet" in alone
    losses = [{"epoch": 1, "all": 3.0}, {"epoch": 2, "all": 1.0}]
    new = VersionFactory(
        method="visrec", dimensions=active.dimensions, settings={"colour": 0.4}, metrics={"losses": losses}
    )
    for product in (query, near):
        embed(product, new, turned(0))

    page = admin_client.get(f"{LIST}{new.pk}/compare/?sku={query.sku}").content.decode()

    assert "colour" in page and "0.4" in page and page.count("data-chart>") == 1
    assert "1 list by each version; 0 % of their products" in page
    assert page.count('class="alone"') == 1
    assert "Not both versions have embedded" in admin_client.get(f"{LIST}{new.pk}/compare/?sku=none").content.decode()
    assert admin_client.get(f"{LIST}{new.pk}/compare/?other={'9' * 30}").status_code == 404
    training = VersionFactory(state="training")
    page = admin_client.get(f"{LIST}{training.pk}/compare/").content.decode()
    assert "Lists can be compared once both versions are trained" in page


def test_a_person_who_activates_what_is_below_popularity_is_warned(admin_client):
    metrics = {"auc": 0.47, "auc of popularity": 0.64, "ndcg@10": 0.02, "ndcg@10 of popularity": 0.05}
    losing = VersionFactory(method="hybrid", role="personal", metrics=metrics)
    path = f"{LIST}{losing.pk}/step/activate/"

    assert (
        "is below popularity on the products held out (auc 0.47 against 0.64" in admin_client.get(path).content.decode()
    )
    admin_client.post(path)

    losing.refresh_from_db()
    assert losing.state == "active"
