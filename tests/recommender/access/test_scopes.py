import pytest
from django.contrib.auth.models import Permission

from recommender.access.scopes import SCOPES, permissions_of, scopes_with


@pytest.mark.django_db
def test_each_permission_of_a_scope_exists():
    known = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}

    assert permissions_of(list(SCOPES)) <= known


def test_a_scope_has_its_permissions_alone():
    assert permissions_of([]) == frozenset()
    assert "catalog.add_product" in permissions_of(["catalogue:write"])
    assert "catalog.add_product" not in permissions_of(["catalogue:read", "models:write", "people:write"])
    assert scopes_with("catalog.view_product", "recommender.view_design") == [
        "catalogue:read",
        "catalogue:write",
        "designs",
    ]


def test_no_scope_reaches_keys_accounts_or_groups():
    apps = {permission.partition(".")[0] for permission in permissions_of(list(SCOPES))}

    assert apps == {"catalog", "recommender"}
