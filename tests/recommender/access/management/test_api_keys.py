import re

import pytest
from django.core.management import CommandError, call_command

from recommender.access import keys
from recommender.access.errors import InvalidCredential
from recommender.access.models import ApiKey

pytestmark = pytest.mark.django_db


def printed(capsys, *args: str) -> str:
    call_command("api_keys", *args)
    return capsys.readouterr().out


def test_a_key_is_created_listed_rotated_and_revoked(capsys):
    options = ("--scope", "catalogue:read", "--scope", "designs", "--rate", "60", "--days", "30")
    shown = printed(capsys, "create", "ERP", *options)
    secret = shown.splitlines()[-1]
    key = keys.find(secret)
    assert (key.name, key.scopes, key.rate) == ("ERP", ["catalogue:read", "designs"], 60)

    shown = printed(capsys, "list")
    assert re.fullmatch(rf"{key.pk}  {secret[:11]}…  ERP  secret  catalogue:read,designs  ends .+  never used\n", shown)
    assert secret not in shown

    second = printed(capsys, "rotate", str(key.pk), "--overlap", "0").splitlines()[-1]
    assert keys.find(second).name == "ERP"
    with pytest.raises(InvalidCredential, match="expired"):
        keys.find(secret)

    assert printed(capsys, "revoke", str(keys.find(second).pk)) == f"ERP ({second[:11]}…) is revoked.\n"
    with pytest.raises(InvalidCredential, match="revoked"):
        keys.find(second)


def test_a_publishable_key(capsys):
    args = ("create", "shop", "--kind", "publishable", "--origin", "https://shop.example")

    assert keys.find(printed(capsys, *args).splitlines()[-1]).origins == ["https://shop.example"]


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("create", "ERP"), "A secret key needs a scope"),
        (("create", "shop", "--kind", "publishable", "--origin", "shop"), "'shop' is no origin"),
        (("revoke", "9"), "there is no key 9"),
        (("create", "ERP", "--days", "0"), "a whole number from 1 to 36,500 is expected, not '0'"),
        (("create", "ERP", "--days", "999999999"), "a whole number from 1 to 36,500"),
        (("rotate", "1", "--overlap", "9999999999"), "a whole number from 0 to 2,160"),
    ],
)
def test_what_is_wrong_is_named(args, reason):
    with pytest.raises(CommandError, match=reason):
        call_command("api_keys", *args)
    assert not ApiKey.objects.exists()


def test_a_key_that_has_ended_is_not_rotated(capsys):
    key = keys.find(printed(capsys, "create", "ERP", "--scope", "designs").splitlines()[-1])
    keys.revoke(key)

    with pytest.raises(CommandError, match="has ended"):
        call_command("api_keys", "rotate", str(key.pk))


def test_there_are_none(capsys):
    assert printed(capsys, "list") == "There are no keys.\n"
