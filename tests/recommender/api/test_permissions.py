import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from catalog.models import Category, Product
from recommender.api.permissions import PUBLIC, MayCall, Rule, account_of, is_granted, rule_of
from recommender.models import ModelVersion
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, VersionFactory, clerk
from tests.recommender.api.conftest import signed_in

API = "/api/v1/"


class View(APIView):
    rules = {"GET": PUBLIC, "POST": Rule(accounts=True), "DELETE": Rule(permissions=("catalog.delete_product",))}

    def get(self, request): ...

    def post(self, request): ...

    def delete(self, request): ...

    def patch(self, request): ...


def request_of(account, method: str = "GET") -> Request:
    request = Request(APIRequestFactory().generic(method, "/"))
    request.user, request.auth = account, None
    return request


def may(account, method: str) -> bool:
    return MayCall().has_permission(request_of(account, method), View())


def test_a_rule_says_who_may_call(db):
    guest, shopper, staff, editor = AnonymousUser(), AccountFactory(), clerk(), clerk("delete_product")

    assert [may(account, "GET") for account in (guest, shopper, staff, editor)] == [True] * 4
    assert [may(account, "HEAD") for account in (guest, shopper, staff, editor)] == [True] * 4
    assert [may(account, "POST") for account in (guest, shopper, staff, editor)] == [False, True, True, True]
    assert [may(account, "DELETE") for account in (guest, shopper, staff, editor)] == [False, False, False, True]


def test_a_method_without_a_rule_is_for_nobody(db):
    boss = AccountFactory(is_staff=True, is_superuser=True)

    assert may(boss, "PATCH") is False
    assert may(boss, "PUT") is True  # the view has none: 405
    assert rule_of(View(), "OPTIONS") == PUBLIC


def test_a_permission_counts_for_staff_alone(db):
    shopper = AccountFactory()
    shopper.user_permissions.set(Permission.objects.filter(codename="view_product"))

    assert is_granted(request_of(shopper), "catalog.view_product") is False
    assert is_granted(request_of(clerk("view_product")), "catalog.add_product", "catalog.view_product") is True


def test_a_guest_has_no_account():
    account = AccountFactory.build()

    assert account_of(request_of(account)) is account
    assert account_of(request_of(AnonymousUser())) is None


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("post", "products/", "add_product"),
        ("patch", "products/A-1/", "change_product"),
        ("delete", "products/A-1/", "delete_product"),
        ("get", "models/", "view_modelversion"),
        ("get", "models/{version}/", "view_modelversion"),
        ("post", "models/", "add_modelversion"),
        ("post", "models/{version}/activate/", "activate_modelversion"),
        ("post", "models/{version}/cancel/", "change_modelversion"),
        ("get", "users/ada/recommendations/", "view_shopper"),
        ("delete", "users/ada/interactions/", "delete_interaction"),
        ("get", "designs/?user=ada", "view_design"),
    ],
)
def test_staff_need_the_permission_of_the_admin(method, path, permission, db):
    ProductFactory(sku="A-1", image=False)
    InteractionFactory(shopper__key="ada")
    version = VersionFactory(state="ready")
    every = set(Permission.objects.values_list("codename", flat=True))
    url = API + path.format(version=version.pk)

    refused = getattr(signed_in(clerk(*every - {permission, permission.replace("view", "change")})), method)(url)
    assert (refused.status_code, permission in refused.json()["detail"]) == (403, True)

    assert getattr(signed_in(clerk(permission)), method)(url).status_code not in (401, 403)


def test_staff_without_permissions_change_nothing(db):
    product, version = ProductFactory(sku="A-1", title="Boot", image=False), VersionFactory(state="training")
    client = signed_in(clerk())

    for method, path in [("patch", "products/A-1/"), ("delete", "products/A-1/")]:
        assert getattr(client, method)(API + path, {"title": "Shoe"}).status_code == 403
    assert client.post(f"{API}models/{version.pk}/cancel/").status_code == 403

    assert Product.objects.get(pk=product.pk).title == "Boot"
    assert ModelVersion.objects.get(pk=version.pk).state == "training"


def test_a_hidden_product_is_seen_with_the_permission_alone(db):
    ProductFactory(sku="A-1", is_hidden=True, image=False)

    def shown(client: APIClient) -> tuple[int, int]:
        return client.get(f"{API}products/A-1/").status_code, client.get(f"{API}products/").json()["count"]

    assert shown(signed_in(clerk())) == shown(APIClient()) == (404, 0)
    assert shown(signed_in(clerk("view_product"))) == shown(signed_in(clerk("change_product"))) == (200, 1)


def test_a_training_activates_nothing_without_the_permission(db):
    body = {"method": "pixels", "activate": True}

    refused = signed_in(clerk("add_modelversion")).post(f"{API}models/", body)

    assert (refused.status_code, "activate_modelversion" in refused.json()["detail"]) == (403, True)
    assert not ModelVersion.objects.exists()


def test_a_new_category_needs_its_own_permission(db):
    product = ProductFactory(sku="A-1", image=False)
    editor, both = signed_in(clerk("change_product")), signed_in(clerk("change_product", "add_category"))
    Category.objects.create(name="Hats")

    refused = editor.patch(f"{API}products/A-1/", {"category": "Gloves"})
    assert (refused.status_code, "catalog.add_category" in refused.json()["detail"]) == (400, True)
    assert editor.patch(f"{API}products/A-1/", {"category": "hats"}).status_code == 200

    assert both.patch(f"{API}products/A-1/", {"category": "Gloves"}).status_code == 200
    product.refresh_from_db()
    assert product.category.name == "Gloves"
