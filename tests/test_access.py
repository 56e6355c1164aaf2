"""Who may call what: every route and method, for every kind of caller, against data of somebody else.

A route that no table here names fails the test, and so does one that opens to more callers, or to fewer, than it says.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient

from recommender.access import keys, tokens
from recommender.access.models import KeyKind
from recommender.access.scopes import SCOPES
from recommender.api import urls as api
from recommender.api.permissions import rule_of
from recommender.maps.models import TasteMap
from recommender.models import Design
from recommender.schedules.models import TrainingSchedule
from recommender.serving import recommend, saved
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from recommender.webhooks.models import Event as WebhookEvent
from recommender.webhooks.models import Webhook
from tests.factories import (
    AccountFactory,
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    VersionFactory,
    clerk,
    embed,
    turned,
)
from tests.recommender.experiments.conftest import draft

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Opens:
    """Whom a route opens to, all of whom meet the data of another shopper, `ada`, if it has any."""

    everybody: bool = False  # but secret keys without the scope
    accounts: bool = False
    permission: str = ""  # of staff; a superuser has each
    scopes: str = ""  # of secret keys, separated by spaces; "any" for each


PUBLIC = Opens(everybody=True, accounts=True, scopes="any")
STATELESS = Opens(everybody=True, accounts=True, scopes="catalogue:read catalogue:write recommendations:read")
OWN = Opens(accounts=True)
NOBODY_ELSE = Opens()  # nor a superuser

API = {
    ("index", "GET"): PUBLIC,
    ("schema", "GET"): PUBLIC,
    ("docs", "GET"): PUBLIC,
    ("token", "POST"): PUBLIC,
    ("own-tokens", "GET"): OWN,
    ("own-token", "DELETE"): NOBODY_ELSE,
    ("keys", "GET"): Opens(permission="view_apikey"),
    ("keys", "POST"): Opens(permission="add_apikey"),
    ("key", "GET"): Opens(permission="view_apikey"),
    ("key", "DELETE"): Opens(permission="change_apikey"),
    ("rotate-key", "POST"): Opens(permission="add_apikey"),
    ("products", "GET"): Opens(everybody=True, accounts=True, scopes="catalogue:read catalogue:write"),
    ("products", "POST"): Opens(permission="add_product", scopes="catalogue:write"),
    ("products-batch", "POST"): Opens(permission="change_product", scopes="catalogue:write"),
    ("product", "GET"): Opens(everybody=True, accounts=True, scopes="catalogue:read catalogue:write"),
    ("product", "PUT"): Opens(permission="change_product", scopes="catalogue:write"),
    ("product", "PATCH"): Opens(permission="change_product", scopes="catalogue:write"),
    ("product", "DELETE"): Opens(permission="delete_product", scopes="catalogue:write"),
    ("images", "GET"): Opens(everybody=True, accounts=True, scopes="catalogue:read catalogue:write"),
    ("images", "POST"): Opens(permission="change_product", scopes="catalogue:write"),
    ("images", "PUT"): Opens(permission="change_product", scopes="catalogue:write"),
    ("image", "DELETE"): Opens(permission="change_product", scopes="catalogue:write"),
    ("downloads", "GET"): Opens(permission="change_product", scopes="catalogue:write"),
    ("categories", "GET"): Opens(everybody=True, accounts=True, scopes="catalogue:read catalogue:write"),
    ("similar", "GET"): STATELESS,
    ("search-image", "POST"): STATELESS,
    ("search-text", "GET"): STATELESS,
    ("by-example", "POST"): STATELESS,
    ("for-session", "POST"): STATELESS,
    ("strips", "POST"): STATELESS,
    ("my-recommendations", "GET"): Opens(everybody=True, accounts=True, scopes="recommendations:read"),
    ("recommendation", "GET"): Opens(permission="view_shopper", scopes="recommendations:read"),
    ("interactions", "POST"): Opens(everybody=True, accounts=True, scopes="events:write"),
    ("webhooks", "GET"): Opens(permission="view_webhook"),
    ("webhooks", "POST"): Opens(permission="add_webhook"),
    ("webhook", "GET"): Opens(permission="view_webhook"),
    ("webhook", "DELETE"): Opens(permission="delete_webhook"),
    ("deliveries", "GET"): Opens(permission="view_delivery"),
    ("redeliver", "POST"): Opens(permission="change_delivery"),
    ("impressions", "POST"): Opens(everybody=True, accounts=True, scopes="events:write"),
    ("users-merge", "POST"): Opens(permission="change_shopper", scopes="people:write"),
    ("user-recommendations", "GET"): Opens(permission="view_shopper", scopes="recommendations:read"),
    ("user-interactions", "DELETE"): Opens(permission="delete_interaction", scopes="people:write"),
    ("user-interactions", "GET"): Opens(permission="view_interaction", scopes="people:read"),
    ("user-interaction", "DELETE"): Opens(permission="delete_interaction", scopes="people:write"),
    ("my-export", "GET"): OWN,
    ("user-export", "GET"): Opens(permission="view_interaction", scopes="people:read"),
    ("own-visitor-export", "GET"): NOBODY_ELSE,
    ("visitor-export", "GET"): Opens(permission="view_interaction", scopes="people:read"),
    ("export-products", "GET"): Opens(permission="view_product", scopes="catalogue:read catalogue:write"),
    ("export-interactions", "GET"): Opens(permission="view_interaction", scopes="people:read"),
    ("export-recommendations", "GET"): Opens(permission="view_shopper", scopes="recommendations:read"),
    ("visitors", "POST"): PUBLIC,
    ("own-visitor-recommendations", "GET"): NOBODY_ELSE,  # without the guest's token
    ("own-visitor-interactions", "GET"): NOBODY_ELSE,
    ("own-visitor-interactions", "DELETE"): NOBODY_ELSE,
    ("own-visitor-interaction", "DELETE"): NOBODY_ELSE,
    ("visitor-interaction", "DELETE"): Opens(permission="delete_interaction", scopes="people:write"),
    ("visitor-recommendations", "GET"): Opens(permission="view_shopper", scopes="recommendations:read"),
    ("visitor-interactions", "GET"): Opens(permission="view_interaction", scopes="people:read"),
    ("visitor-interactions", "DELETE"): Opens(permission="delete_interaction", scopes="people:write"),
    ("designs", "GET"): Opens(permission="view_design", scopes="designs"),
    ("designs", "POST"): Opens(permission="add_design", scopes="designs"),
    ("design", "GET"): Opens(permission="view_design", scopes="designs"),
    ("design", "DELETE"): Opens(permission="delete_design", scopes="designs"),
    ("cancel-design", "POST"): Opens(permission="change_design", scopes="designs"),
    ("models", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("models", "POST"): Opens(permission="add_modelversion", scopes="models:write"),
    ("model", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("compare-models", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("compare-models", "POST"): Opens(permission="change_modelversion", scopes="models:write"),
    ("model-map", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("model-map", "POST"): Opens(permission="change_modelversion", scopes="models:write"),
    ("recommendation-metrics", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("operation-metrics", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("index-metrics", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("activations", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("roll-back-model", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("roll-back-model", "POST"): Opens(permission="activate_modelversion", scopes="models:write"),
    ("activate-model", "POST"): Opens(permission="activate_modelversion", scopes="models:write"),
    ("resume-model", "POST"): Opens(permission="change_modelversion", scopes="models:write"),
    ("retry-model", "POST"): Opens(permission="add_modelversion", scopes="models:write"),
    ("model-log", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("cancel-model", "POST"): Opens(permission="change_modelversion", scopes="models:write"),
    ("schedules", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("schedules", "POST"): Opens(permission="add_modelversion", scopes="models:write"),
    ("schedule", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("schedule", "PATCH"): Opens(permission="add_modelversion", scopes="models:write"),
    ("schedule", "DELETE"): Opens(permission="add_modelversion", scopes="models:write"),
    ("experiments", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("experiments", "POST"): Opens(permission="change_modelversion", scopes="models:write"),
    ("experiment", "GET"): Opens(permission="view_modelversion", scopes="models:read models:write"),
    ("experiment", "DELETE"): Opens(permission="change_modelversion", scopes="models:write"),
    ("start-experiment", "POST"): Opens(permission="activate_modelversion", scopes="models:write"),
    ("stop-experiment", "POST"): Opens(permission="activate_modelversion", scopes="models:write"),
    ("conclude-experiment", "POST"): Opens(permission="activate_modelversion", scopes="models:write"),
    ("withdraw-experiment", "POST"): Opens(permission="activate_modelversion", scopes="models:write"),
}
BODIES = {
    "strips": {"requests": [{"kind": "popular"}]},
    "users-merge": {"session": "guest", "user": "ada"},
    "designs": {"user": "ada", "category": "Shoes"},
    "roll-back-model": {"role": "similar"},
    "interactions": {"session": "guest", "sku": "A-1", "kind": "view"},
}


def operations() -> Iterator[tuple[str, str]]:
    """Yield the name of each route of the API with each method that its view has."""
    for route in api.urlpatterns:
        for method in METHODS:
            if hasattr(route.callback.cls, method.lower()):
                yield str(route.name), method


@pytest.fixture
def shop(active) -> dict[str, dict[str, object]]:
    """A shop with something of each kind; returns the arguments of each route."""
    product = ProductFactory(sku="A-1", image=0)
    embed(product, active, turned(0))
    hers_as_guest = InteractionFactory(shopper=None, session="guest", product=product)
    ada = InteractionFactory(shopper__key="ada", shopper__account=AccountFactory(username="ada"), product=product)
    account = ada.shopper.account
    version = VersionFactory(state="training")
    design = Design.objects.create(shopper=ada.shopper, category=CategoryFactory())
    key, _ = keys.create("ERP", KeyKind.SECRET, scopes=["designs"])
    hook = Webhook.objects.create(url="https://shop.example/", events=[WebhookEvent.TRAINED], secret="whsec_AAAA")
    message = hook.deliveries.create(event=WebhookEvent.TRAINED, body="{}")
    TasteMap.objects.create(version=active)
    trial = {"pk": draft().pk}
    hers = saved.save(recommend.popular_products(RecommendationQuery()), Caller(account=account.pk))
    product_of, version_of, shopper_of, key_of = {"sku": "A-1"}, {"pk": version.pk}, {"key": "ada"}, {"pk": key.pk}
    return {
        "own-token": {"pk": tokens.issue(account)[0].pk},
        "key": key_of,
        "rotate-key": key_of,
        "product": product_of,
        "similar": product_of,
        "images": product_of,
        "image": product_of | {"pk": product.images.get().pk},
        "webhook": {"pk": hook.pk},
        "deliveries": {"pk": hook.pk},
        "redeliver": {"pk": hook.pk, "delivery_id": message.pk},
        "user-recommendations": shopper_of,
        "user-interactions": shopper_of,
        "user-export": shopper_of,
        "visitor-export": {"session": "guest"},
        "user-interaction": shopper_of | {"event": ada.public_id},
        "own-visitor-interaction": {"event": hers_as_guest.public_id},
        "visitor-interaction": {"session": "guest", "event": hers_as_guest.public_id},
        "visitor-recommendations": {"session": "guest"},
        "visitor-interactions": {"session": "guest"},
        "recommendation": {"pk": hers.id},
        "design": {"pk": design.pk},
        "cancel-design": {"pk": design.pk},
        "model": version_of,
        "activate-model": version_of,
        "model-map": {"pk": active.pk},
        "compare-models": version_of | {"other": version.pk},
        "cancel-model": version_of,
        "resume-model": version_of,
        "retry-model": version_of,
        "model-log": version_of,
        "schedule": {"pk": TrainingSchedule.objects.create(method="ease", hour=3).pk},
        "experiment": trial,
        "start-experiment": trial,
        "stop-experiment": trial,
        "conclude-experiment": trial,
        "withdraw-experiment": trial,
    }


def holder(secret: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")


def account_client(account) -> APIClient:
    return holder(tokens.issue(account)[1])


def callers(opens: Opens) -> dict[str, tuple[APIClient, bool]]:
    """Each caller, and whether it gets through."""
    others = [scope for scope in SCOPES if scope not in opens.scopes.split() and opens.scopes != "any"]
    accepted = opens.scopes.replace("any", "models:read").split()
    is_closed = opens == NOBODY_ELSE
    found = {
        "guest": (APIClient(), opens.everybody),
        "publishable": (holder(keys.create("page", KeyKind.PUBLISHABLE)[1]), opens.everybody),
        "shopper": (account_client(AccountFactory()), opens.accounts),
        "staff without permissions": (account_client(clerk()), opens.accounts),
        "superuser": (account_client(AccountFactory(is_staff=True, is_superuser=True)), not is_closed),
    }
    for scope in accepted:
        found[f"secret with {scope}"] = (holder(keys.create("ERP", KeyKind.SECRET, scopes=[scope])[1]), True)
    if others:
        found["secret with all other scopes"] = (holder(keys.create("ERP", KeyKind.SECRET, scopes=others)[1]), False)
    if opens.permission:
        found["staff with the permission"] = (account_client(clerk(opens.permission)), True)
    return found


def test_each_operation_of_the_api_is_in_the_table():
    assert sorted(operations()) == sorted(API)


@pytest.mark.parametrize("route", api.urlpatterns, ids=lambda route: route.name)
def test_each_view_states_its_rules(route):
    view = route.callback.cls
    stated = {method for method in METHODS if rule_of(view(), method)}

    assert stated == {method for method in METHODS if hasattr(view, method.lower())}


@pytest.mark.parametrize(("name", "method"), sorted(API), ids=lambda part: part)
def test_an_operation_of_the_api_opens_to_whom_the_table_says(shop, name, method):
    url = reverse(f"api:{name}", kwargs=shop.get(name))
    if (name, method) == ("designs", "GET"):
        url += "?user=ada"
    got_through, expected = {}, {}
    for caller, (client, may) in callers(API[name, method]).items():
        with transaction.atomic():
            send = getattr(client, method.lower())
            response = send(url, BODIES.get(name, {}) if method != "GET" else None)
            transaction.set_rollback(True)
        got_through[caller], expected[caller] = response.status_code not in (401, 403, 404), may
        if caller == "guest" and not may and API[name, method] != API["recommendation", "GET"]:
            assert response.status_code == 401

    assert got_through == expected


# Pages. A route of the admin is for staff with a permission of its model unless it is named here.
OPEN, SIGNED_IN, STAFF, POSTED = "open", "signed in", "staff", "signed in, by POST alone"
PAGES = {
    "home": OPEN,
    "products": OPEN,
    "product": OPEN,
    "rate": OPEN,  # a POST
    "liked": OPEN,
    "keep-liked": OPEN,  # a POST
    "seen": OPEN,
    "forget-seen": OPEN,  # a POST
    "me": OPEN,
    "forget-me": OPEN,  # a POST
    "for-you": OPEN,
    "leave-shadow": OPEN,  # a POST
    "photo-search": OPEN,
    "designs": OPEN,
    "design": SIGNED_IN,
    "cancel-design": POSTED,
    "delete-design": POSTED,
    "login": OPEN,
    "logout": OPEN,  # a POST
    "password": SIGNED_IN,
    "healthz": OPEN,
    "readyz": OPEN,
    "metrics": OPEN,
    "media": OPEN,
    "admin:index": STAFF,
    "admin:login": OPEN,
    "admin:logout": OPEN,
    "admin:password_change": STAFF,
    "admin:password_change_done": STAFF,
    "admin:jsi18n": STAFF,
}
ELSEWHERE = {"admin:autocomplete", "admin:view_on_site", "admin:app_list"}  # Django's own, which check the model


def routes(resolver: URLResolver, space: str = "", path: str = "/") -> Iterator[tuple[str, str]]:
    """Yield the name and a path of each page and each route of the admin."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "api":
                yield from routes(pattern, f"{pattern.namespace}:" if pattern.namespace else space, path)
        elif pattern.name:
            yield f"{space}{pattern.name}", filled(pattern, space)


def filled(pattern: URLPattern, space: str) -> str:
    values = {"uuid": uuid.uuid4(), "int": 1, "sku": "A-1", "path": "1", "slug": "cancel"}
    converters = {name: type(converter).__name__ for name, converter in pattern.pattern.converters.items()}
    kwargs = {
        name: next((value for kind, value in values.items() if converter.lower().startswith(kind)), 1)
        for name, converter in converters.items()
    }
    if pattern.name == "media":
        kwargs = {"path": "none.png"}
    if pattern.name in {"app_list"}:
        return "/admin/catalog/"
    return reverse(f"{space}{pattern.name}", kwargs=kwargs)


ROUTES = dict(routes(get_resolver()))
MODELS = sorted(set(ROUTES) - set(PAGES) - ELSEWHERE)


def test_each_page_is_in_the_table():
    assert set(PAGES) - set(ROUTES) == set()
    assert [name for name in MODELS if not name.startswith("admin:")] == []


def is_sent_to_sign_in(response) -> bool:
    return response.status_code == 302 and "/login/" in response.headers["Location"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_to_whom_the_table_says(db, name):
    page, shopper, boss = Client(), Client(), Client()
    shopper.force_login(AccountFactory())
    boss.force_login(AccountFactory(is_staff=True))
    if PAGES[name] == POSTED:
        assert is_sent_to_sign_in(page.post(ROUTES[name]))
        assert shopper.post(ROUTES[name]).status_code == 404  # another's
        return
    sent = [is_sent_to_sign_in(client.get(ROUTES[name])) for client in (page, shopper, boss)]
    first = {OPEN: 0, SIGNED_IN: 1, STAFF: 2}[PAGES[name]]

    assert sent == [number < first for number in range(3)]


@pytest.mark.parametrize("name", MODELS)
def test_a_route_of_the_admin_is_for_staff_with_the_permission(db, name):
    guest, shopper, staff = Client(), Client(), Client()
    shopper.force_login(AccountFactory())
    staff.force_login(clerk())

    for client in (guest, shopper):
        assert is_sent_to_sign_in(client.get(ROUTES[name]))
        assert is_sent_to_sign_in(client.post(ROUTES[name]))
    for response in (staff.get(ROUTES[name]), staff.post(ROUTES[name])):
        assert response.status_code in (302, 403)
        assert (
            response.status_code == 403 or response.headers["Location"] == "/admin/"
        )  # no such object, for all it sees
