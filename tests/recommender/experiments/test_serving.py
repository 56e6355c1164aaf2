"""Experiments as visitors meet them: over REST and on the shop's pages, until their impressions are stored."""

import numpy as np
import pytest
from django.test import Client
from rest_framework.test import APIClient

from catalog.models import Product, Shopper
from catalog.visitors import issue_token, read_token
from recommender.access import keys
from recommender.access.models import KeyKind
from recommender.experiments import figures, lifecycle
from recommender.experiments.models import Arm
from recommender.models import Impression
from recommender.serving import saved
from recommender.versions import lifecycle as versions
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, VersionFactory, embed, turned
from tests.recommender.experiments.conftest import begin, everybody

pytestmark = pytest.mark.django_db
SIMILAR = "/api/v1/products/A/similar/"
MINE = "/api/v1/visitors/me/recommendations/"


def placed(version, **degrees) -> None:
    """A product of each name, seen by the version in that direction."""
    for name, angle in degrees.items():
        product = Product.objects.filter(sku=name).first() or ProductFactory(sku=name)
        embed(product, version, turned(angle))


def visitor() -> APIClient:
    return APIClient(HTTP_X_VISITOR=issue_token())


def seen_by(client) -> str:
    """The id under which a visitor's interactions are stored."""
    return read_token(client.defaults["HTTP_X_VISITOR"]).session


def skus(response) -> list[str]:
    return [result["product"]["sku"] for result in response.json()["results"]]


def exposure_of(answer: dict) -> dict | None:
    [stored] = saved.find_all([answer["recommendation_id"]]).values()
    return stored.get("exposure")


@pytest.fixture
def other(active):
    """A version that sees C beside A, where the active one sees B."""
    version = VersionFactory()
    placed(active, A=0, B=10, C=80)
    placed(version, A=0, B=80, C=10)
    return version


@pytest.fixture
def new(active_personal):
    """A personal version beside the active one, both of which know three products."""
    version = VersionFactory(role="personal", method="dvbpr", metric="inner", taste=active_personal.taste)
    for each in (active_personal, version):
        placed(each, A=0, B=10, C=20)
    return version


@pytest.fixture
def guest(new):
    """A guest who likes A."""
    client = visitor()
    InteractionFactory(shopper=None, session=seen_by(client), product=Product.objects.get(sku="A"))
    return client


@pytest.fixture
def ada(new):
    """The account of a shopper who likes A."""
    account = AccountFactory(username="ada")
    shopper = Shopper.objects.create(key="ada", account=account)
    InteractionFactory(shopper=shopper, product=Product.objects.get(sku="A"))
    client = APIClient()
    client.force_authenticate(account)
    return client


def test_each_visitor_sees_one_version_and_always_the_same(other, active):
    begin(Arm(name="now", share=50), Arm(name="new", share=50, version=other))
    seen = set()

    for client in (visitor() for _ in range(20)):
        first, second = (client.get(SIMILAR) for _ in range(2))
        assert first.json()["model"] == second.json()["model"]
        assert skus(first) == skus(second)
        seen.add((first.json()["model"]["id"], tuple(skus(first))))

    assert seen == {(active.pk, ("B", "C")), (other.pk, ("C", "B"))}


def test_similar_products_take_no_further_query(other, active, django_assert_num_queries):
    for version in (active, other):
        placed(version, **{f"D-{number}": 90 + 20 * number for number in range(8)})
    client, url = visitor(), f"{SIMILAR}?limit=2"
    client.get(url)
    with django_assert_num_queries(1):
        client.get(url)

    begin(*everybody(Arm(name="new", version=other, min_score=0.1)))
    assert client.get(url).json()["model"]["id"] == other.pk
    with django_assert_num_queries(1):
        assert client.get(url).json()["model"]["id"] == other.pk


@pytest.mark.parametrize(("who", "url"), [("guest", MINE), ("ada", "/api/v1/me/recommendations/")])
def test_personal_recommendations_take_no_further_query(
    request, who, url, new, active_personal, django_assert_max_num_queries, django_assert_num_queries
):
    client = request.getfixturevalue(who)
    client.get(url)
    with django_assert_max_num_queries(20) as before:
        first = client.get(url).json()
    number = len(before)
    begin(*everybody(Arm(name="new", version=new)), role="personal")
    client.get(url)

    with django_assert_num_queries(number):
        second = client.get(url).json()

    assert (first["model"]["id"], second["model"]["id"]) == (active_personal.pk, new.pk)
    assert exposure_of(first) is None and exposure_of(second)


def test_a_parameter_of_an_arm_counts_in_place_of_the_requested_one(other):
    begin(*everybody(Arm(name="strict", min_score=0.95)))

    assert skus(visitor().get(f"{SIMILAR}?min_score=0.1")) == ["B"]


def test_an_arm_of_popular_products(guest, ada):
    begin(*everybody(Arm(name="popular", strategy="popular")), role="personal")

    for client, url in ((guest, MINE), (ada, "/api/v1/me/recommendations/")):
        answer = client.get(url).json()
        assert (answer["strategy"], answer["model"]) == ("popular", None)
        assert exposure_of(answer)


def test_a_guest_of_whom_nothing_is_known_sees_the_same_in_each_arm_and_does_not_count(new):
    begin(*everybody(Arm(name="new", version=new)), role="personal")

    assert exposure_of(visitor().get(MINE).json()) is None


def test_the_strips_of_a_batch_are_those_of_the_arm(other):
    client = visitor()
    begin(*everybody(Arm(name="new", version=other)), placements=["product"])

    requests = [{"kind": "similar", "sku": "A", "placement": name} for name in ("product", "cart")]
    inside, outside = client.post("/api/v1/recommendations/batch/", {"requests": requests}, format="json").json()[
        "results"
    ]

    assert (inside["model"]["id"], outside["model"]["id"] == other.pk) == (other.pk, False)
    assert exposure_of(inside) and exposure_of(outside) is None


def test_the_next_page_is_of_the_same_version(other, active):
    client = visitor()
    begin(*everybody(Arm(name="new", version=other)))

    first = client.get(f"{SIMILAR}?limit=1").json()
    second = client.get(first["next"]).json()

    assert [each["model"]["id"] for each in (first, second)] == [other.pk] * 2
    assert [each["results"][0]["product"]["sku"] for each in (first, second)] == ["C", "B"]


def test_what_was_seen_is_stored_with_the_arm(other):
    client = visitor()
    experiment = begin(*everybody(Arm(name="new", version=other)))
    answers = [client.get(f"{SIMILAR}?placement=product").json() for _ in range(2)]
    seen = [{"recommendation_id": each["recommendation_id"], "positions": [1]} for each in answers]

    assert client.post("/api/v1/impressions/", {"impressions": seen}, format="json").json()["accepted"] == 2

    stored = Impression.objects.values_list("experiment", "arm", "version")
    assert set(stored) == {(experiment.pk, experiment.arms.last().pk, other.pk)}
    [pseudonym] = set(Impression.objects.values_list("visitor", flat=True))
    assert pseudonym and str(pseudonym) not in seen_by(client)


def test_outside_of_experiments_nothing_of_the_visitor_is_stored(other):
    client = visitor()
    answer = client.get(SIMILAR).json()
    seen = {"recommendation_id": answer["recommendation_id"], "positions": [1]}

    client.post("/api/v1/impressions/", {"impressions": [seen]}, format="json")

    assert Impression.objects.values_list("experiment", "arm", "visitor").get() == (None, None, None)


def test_staff_and_callers_who_are_not_known_are_in_no_arm(other, active):
    begin(*everybody(Arm(name="new", version=other)))
    staff = APIClient()
    staff.force_authenticate(AccountFactory(is_staff=True, is_superuser=True))
    secret = APIClient(HTTP_AUTHORIZATION=f"Bearer {keys.create('ERP', KeyKind.SECRET, scopes=['catalogue:read'])[1]}")

    for client in (APIClient(), staff, secret):
        assert client.get(SIMILAR).json()["model"]["id"] == active.pk


def test_a_key_has_the_arm_of_whom_it_names(guest, ada, new, active_personal):
    begin(*everybody(Arm(name="new", version=new)), role="personal")
    key = keys.create("ERP", KeyKind.SECRET, scopes=["recommendations:read"])[1]
    server, staff = APIClient(HTTP_AUTHORIZATION=f"Bearer {key}"), APIClient()
    staff.force_authenticate(AccountFactory(is_staff=True, is_superuser=True))
    hers, own = server.get("/api/v1/users/ada/recommendations/").json(), ada.get("/api/v1/me/recommendations/").json()

    assert exposure_of(hers) == exposure_of(own)
    url = f"/api/v1/visitors/{seen_by(guest)}/recommendations/"
    assert exposure_of(server.get(url).json()) == exposure_of(guest.get(MINE).json())
    assert staff.get(url).json()["model"]["id"] == active_personal.pk


def test_who_signs_in_keeps_the_arm_of_the_guest(other, active):
    """As long as the browser's session lasts: of ten guests each had another arm as an account in about half."""
    begin(Arm(name="now", share=50), Arm(name="new", share=50, version=other))
    for number in range(10):
        client, account = Client(), AccountFactory(username=f"sam-{number}")
        client.get("/products/A/")  # the cookie
        client.get("/products/B/")  # a view, so that there is something to merge
        before = client.get(SIMILAR).json()
        client.force_login(account)
        after = client.get(SIMILAR).json()

        assert exposure_of(before) and exposure_of(before) == exposure_of(after)


def test_the_pages_show_the_arm_and_staff_see_what_is_active(other):
    begin(*everybody(Arm(name="new", version=other)), placements=["product"])
    guest, staff = Client(), Client()
    staff.force_login(AccountFactory(is_staff=True))
    for client in (guest, staff):
        client.get("/products/A/")

    versions_shown = [client.get("/products/A/").context["strip"].recommendation.version for client in (guest, staff)]

    assert [version == other for version in versions_shown] == [True, False]


@pytest.mark.slow
def test_visitors_who_click_at_known_rates_are_found_by_the_figures(other):
    """All the way: 300 visitors over REST, each of whom sees three lists and clicks on one or four in ten."""
    experiment = begin(Arm(name="now", share=50), Arm(name="new", share=50, version=other), placements=["product"])
    rates = {arm.pk: 0.1 if arm.name == "now" else 0.4 for arm in experiment.arms.all()}
    generator = np.random.default_rng(0)
    for number in range(300):
        client = visitor()
        client.defaults["REMOTE_ADDR"] = f"10.0.{number // 200}.{number % 200}"  # whose requests are not too many
        answers = [client.get(f"{SIMILAR}?placement=product").json() for _ in range(3)]
        seen = [{"recommendation_id": each["recommendation_id"], "positions": [1]} for each in answers]
        clicks = [
            {"sku": "B", "kind": "click", "recommendation_id": each["recommendation_id"]}
            for each in answers
            if generator.random() < rates[exposure_of(each)["arm"]]
        ]
        client.post("/api/v1/impressions/", {"impressions": seen}, format="json")
        if clicks:
            client.post("/api/v1/interactions/", clicks, format="json")

    found = figures.of(experiment)

    assert sum(each.totals.visitors for each in found) == 300
    assert all(each.totals.x == 3 * each.totals.visitors for each in found)
    assert all(each.rate.low < rates[each.arm.pk] < each.rate.high for each in found)
    assert 0 < found[1].difference.low < 0.3 < found[1].difference.high


def test_no_request_fails_while_versions_go_and_experiments_end(other, active):
    client = visitor()
    experiment = begin(*everybody(Arm(name="new", version=other)))
    page = client.get(f"{SIMILAR}?limit=1").json()
    assert page["model"]["id"] == other.pk

    versions.delete(other)
    gone = client.get(SIMILAR)
    assert (gone.status_code, gone.json()["model"]["id"], exposure_of(gone.json())) == (200, active.pk, None)
    assert client.get(page["next"]).status_code == 404  # as for each version that was deleted
    versions.activate(third := VersionFactory())
    placed(third, A=0, B=10)
    assert client.get(SIMILAR).json()["model"]["id"] == third.pk
    versions.activate(active)
    assert client.get(SIMILAR).json()["model"]["id"] == active.pk
    lifecycle.stop(experiment, "boss")
    assert client.get(SIMILAR).json()["model"]["id"] == active.pk
