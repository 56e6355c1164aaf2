import pytest

URL = "/api/v1/interactions/"


@pytest.fixture(autouse=True)
def small(settings):
    settings.MAX_IMAGE_BYTES = 600_000  # so a body has at most 4/3 of it and a million bytes: 1.8 million


@pytest.mark.parametrize(
    "media_type", ["application/json", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded"]
)
def test_a_body_that_is_too_large_is_refused_unread(guest, media_type):
    response = guest.post(URL, b" " * 1_800_001, content_type=media_type)

    assert response.status_code == 413
    assert response.json()["detail"] == "The body is too large: at most 1.8 MB are allowed."


def test_a_body_of_the_largest_size_is_read(guest):
    response = guest.post(URL, b"{}".ljust(1_800_000), content_type="application/json")

    assert response.status_code == 202
