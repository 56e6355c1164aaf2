import pytest

from catalog.models import ImageDownload
from tests.factories import ProductFactory, clerk

pytestmark = pytest.mark.django_db

LIST = "/admin/catalog/imagedownload/"
URL = "http://img.example/a.png"


def test_downloads_are_for_those_who_may_change_products_and_to_read_only(client, admin_client):
    download = ImageDownload.objects.create(product=ProductFactory(), url=URL, is_primary=True, problem="it is gone")
    client.force_login(clerk("view_product"))
    assert client.get(LIST).status_code == 403

    page = admin_client.get(f"{LIST}?retry_at__isempty=0").content.decode()
    assert "it is gone" in page
    assert admin_client.post(f"{LIST}{download.pk}/delete/", {"post": "yes"}).status_code == 403
