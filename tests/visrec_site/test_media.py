from contextlib import closing

import pytest

pytestmark = pytest.mark.django_db


def test_media_is_cached_for_ever_and_nothing_else_is_served(client, settings):
    (settings.MEDIA_ROOT / "products").mkdir(parents=True)
    (settings.MEDIA_ROOT / "products" / "a.png").write_bytes(b"png")

    answer = client.get("/media/products/a.png")

    assert b"".join(answer.streaming_content) == b"png"
    assert "immutable" in answer["Cache-Control"] and "public" in answer["Cache-Control"]
    (settings.MEDIA_ROOT / "designs").mkdir()
    (settings.MEDIA_ROOT / "designs" / "b.png").write_bytes(b"png")
    for path in ("designs/b.png", "./designs/b.png", "/designs/b.png", "designs//b.png"):
        with closing(client.get(f"/media/{path}")) as design:
            assert design["Cache-Control"].startswith("private")
    assert client.get("/media/../settings.py").status_code == 400
    assert client.get("/media/products/").status_code == 404


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "products/" + "x" * 300 + "/a.png"])
def test_a_name_that_is_too_long_for_a_file_names_none(client, name):
    assert client.get(f"/media/{name}").status_code == 404
