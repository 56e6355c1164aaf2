import pytest

from catalog.models import Product
from tests.factories import ProductFactory

URL = "/api/v1/products/"


@pytest.mark.parametrize("path", [URL, f"{URL}A-1/"])
def test_a_guest_is_sent_again_only_what_has_changed(guest, path):
    ProductFactory(sku="A-1", image=False)

    first = guest.get(path)
    again = guest.get(path, headers={"If-None-Match": first.headers["ETag"]})
    Product.objects.update(title="Shoe")
    changed = guest.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "public, no-cache"
    assert {"Authorization", "Cookie"} <= set(first.headers["Vary"].split(", "))
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200


@pytest.mark.parametrize("path", [URL, f"{URL}A-1/"])
def test_what_an_account_was_sent_is_for_no_cache(staff, client, path):
    ProductFactory(sku="A-1", is_hidden=True, image=False)

    assert "public" not in staff.get(path).headers.get("Cache-Control", "")
    client.force_login(staff.handler._force_user)
    assert client.get(path).headers["Cache-Control"] == "private, no-store"
