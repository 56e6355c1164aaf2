"""Migrations of data, run on what they find."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import get_user
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from recommender.access import tokens
from recommender.access.errors import InvalidCredential
from recommender.access.models import AccountToken
from tests.factories import AccountFactory

OLD_TABLE = (
    "CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, created timestamptz NOT NULL, "
    "user_id integer NOT NULL UNIQUE REFERENCES auth_user)"
)


@pytest.fixture
def move(db):
    return import_module("recommender.access.migrations.0002_move_tokens").move


def test_a_token_of_before_goes_on_working_for_a_while(move):
    account, secret = AccountFactory(), "0123456789abcdef" * 2 + "01234567"
    with connection.cursor() as cursor:
        cursor.execute(OLD_TABLE)
        cursor.execute("INSERT INTO authtoken_token VALUES (%s, now(), %s)", [secret, account.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with connection.schema_editor() as editor:
        move(apps, editor)

    token = tokens.find(secret)
    assert (token.account, token.prefix) == (account, "01234567")
    assert token.expires_at > timezone.now()
    assert "authtoken_token" not in connection.introspection.table_names()

    account.set_password("another one")
    account.save()
    with pytest.raises(InvalidCredential, match="account's password, .* changed"):
        tokens.find(secret)


def test_a_new_shop_has_none(move):
    with connection.schema_editor() as editor:
        move(apps, editor)

    assert not AccountToken.objects.exists()


def test_accounts_stay_signed_in_by_sessions_of_before_and_after_a_roll_back(db, client):
    sessions = import_module("recommender.access.migrations.0005_sessions_of_accounts")
    client.force_login(AccountFactory(), backend=sessions.DJANGO)
    assert get_user(client).is_anonymous

    sessions.use_ours(apps, None)
    assert get_user(client).is_authenticated

    sessions.use_djangos(apps, None)
    assert client.session["_auth_user_backend"] == sessions.DJANGO


def test_sessions_by_another_key_stay_as_they_are_and_make_no_noise(db, client, settings, caplog):
    sessions = import_module("recommender.access.migrations.0005_sessions_of_accounts")
    client.force_login(AccountFactory(), backend=sessions.DJANGO)
    before = Session.objects.get().session_data
    settings.SECRET_KEY = "another"

    sessions.use_ours(apps, None)

    assert (Session.objects.get().session_data, caplog.records) == (before, [])


@pytest.fixture
def create_groups(db):
    Group.objects.all().delete()
    return import_module("recommender.access.migrations.0003_groups").create


def rights(name: str) -> set[str]:
    found = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in found}


def test_the_groups_have_permissions_that_exist_already_or_soon(create_groups):
    Permission.objects.filter(codename__in=["view_product", "activate_modelversion"]).delete()
    known = Permission.objects.count()

    create_groups(apps, None)
    create_groups(apps, None)

    assert set(Group.objects.values_list("name", flat=True)) == {"catalogue editor", "model minder", "support"}
    assert {"catalog.view_product", "catalog.delete_category"} <= rights("catalogue editor")
    assert "recommender.activate_modelversion" in rights("model minder")
    assert rights("support") & {"catalog.change_product", "recommender.activate_modelversion"} == set()
    assert Permission.objects.count() == known + 2
    assert Permission.objects.get(codename="view_product").name == "Can view product"
