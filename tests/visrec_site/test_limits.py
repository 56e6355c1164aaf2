import gzip

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError

from tests.factories import AccountFactory
from tests.problems import assert_problem
from visrec_site.web_worker import HEAD_ONLY

pytestmark = pytest.mark.django_db
BY_EXAMPLE = "/api/v1/recommendations/by-example/"
TOO_LARGE = "The body is too large: at most 64 kB are allowed."


@pytest.mark.parametrize(
    "media_type", ["application/json", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded"]
)
def test_a_body_that_is_too_large_is_refused_unread(client, media_type):
    assert_problem(client.post(BY_EXAMPLE, b" " * 64_001, content_type=media_type), 413, TOO_LARGE)
    assert client.post(BY_EXAMPLE, b"{}".ljust(64_000), content_type=media_type).status_code != 413


@pytest.mark.parametrize("path", ["/login/", "/designs/", "/admin/login/", "/admin/catalog/product/import/"])
def test_a_page_takes_small_bodies(client, path):
    response = client.post(path, b" " * 64_001, content_type="multipart/form-data; boundary=b")

    assert response.status_code == 413
    assert TOO_LARGE in response.content.decode()


def test_a_photo_and_what_staff_upload_may_be_larger(client, settings):
    body = {"data": b" " * 64_001, "content_type": "multipart/form-data; boundary=b"}
    assert client.post("/search/photo/", **body).status_code == 400
    photo = SimpleUploadedFile("a.jpg", b" " * 64_001)
    assert client.post("/api/v1/search/image/", {"image": photo}).status_code == 400

    client.force_login(AccountFactory(is_staff=True, is_superuser=True))
    pictures = {"pictures": SimpleUploadedFile("a.jpg", b" " * 64_001)}
    assert client.post("/admin/catalog/product/add/", pictures).status_code == 200  # the form, with its errors


def test_the_web_server_is_told_which_bodies_to_read(client):
    def status(path: str, size: int) -> int:
        return client.post(path, b"", "application/json", CONTENT_LENGTH=str(size), **{HEAD_ONLY: True}).status_code

    assert [status("/api/v1/interactions/", size) for size in (1_000_000, 1_000_001)] == [100, 413]
    assert status("/admin/catalog/product/import/", 2_000_000_000) == 413
    assert status("/nowhere/", 1_000_000) == 404
    client.force_login(AccountFactory(is_staff=True))
    assert status("/admin/catalog/product/import/", 2_000_000_000) == 100


def test_a_body_of_unknown_length_is_refused(client):
    response = client.post(BY_EXAMPLE, b"{}", content_type="application/json", headers={"Transfer-Encoding": "chunked"})

    assert_problem(response, 411, "Content-Length")


def test_a_packed_body_is_refused_with_the_reason(client):
    body = gzip.compress(b'{"like": []}')
    response = client.post(BY_EXAMPLE, body, content_type="application/json", headers={"Content-Encoding": "gzip"})

    assert_problem(response, 415, "A body in Content-Encoding 'gzip' is not read: send it as it is.")


def test_an_address_that_is_too_long_is_refused(client):
    assert_problem(client.get("/api/v1/products/", {"search": "x" * 8190}), 414, "8,190")
    assert client.get("/products/", {"search": "x" * 8190}).status_code == 414


@pytest.mark.parametrize("path", ["/products/", "/", "/admin/catalog/product/"])
def test_an_address_of_too_many_parameters_is_refused(client, path):
    client.force_login(AccountFactory(is_staff=True, is_superuser=True))

    response = client.get(f"{path}?{'a&' * 1000}")

    assert response.status_code == 400
    assert "too many parameters: at most 1,000 are taken." in response.content.decode()
    assert_problem(client.get(f"/api/v1/products/?{'a&' * 1000}"), 400, "at most 1,000")


@pytest.mark.parametrize("path", ["/products/", "/admin/catalog/product/"])
def test_a_null_character_in_the_address_is_refused_by_its_name(client, path):
    client.force_login(AccountFactory(is_staff=True, is_superuser=True))

    response = client.get(f"{path}?search=a%00b")

    assert response.status_code == 400
    assert "search: null characters are not allowed." in response.content.decode()


@pytest.mark.parametrize("path", ["/media/a%00b", "/products/%00/", "/%00"])
def test_a_null_character_in_the_path_names_nothing(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("error", [DataError("out of range"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogate")])
@pytest.mark.parametrize("path", ["/products/", "/api/v1/products/"])
def test_what_the_database_cannot_take_is_the_request_s_fault(client, monkeypatch, path, error):
    def fail(*args, **filters):
        raise error

    monkeypatch.setattr("catalog.queries.narrow", fail)

    assert client.get(path).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "occurred_at__year=99999999",
        "occurred_at__year__gte=0",
        "occurred_at__iso_year=99999999999",
        "id__range=1",
    ],
)
def test_a_list_of_the_admin_is_not_filtered_by_what_makes_no_sense(admin_client, query):
    response = admin_client.get(f"/admin/catalog/interaction/?{query}")

    assert response.status_code == 400


def test_an_error_of_a_list_that_is_not_filtered_stays_one(admin_client, monkeypatch):
    monkeypatch.setattr("catalog.admin.interactions.InteractionAdmin.get_queryset", lambda *args: 1 + "")

    with pytest.raises(TypeError):
        admin_client.get("/admin/catalog/interaction/")
