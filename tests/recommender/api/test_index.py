import re

API = "/api/v1/"


def test_the_root_links_to_what_there_is(guest):
    links = guest.get(API).json()

    assert links["products"] == "http://testserver/api/v1/products/"
    for name in ("products", "me/recommendations", "schema", "docs"):
        assert guest.get(links[name]).status_code == 200


def test_the_schema_is_json_unless_yaml_is_asked_for(guest):
    assert guest.get(f"{API}schema/").json()["openapi"].startswith("3.")
    assert guest.get(f"{API}schema/", HTTP_ACCEPT="application/yaml").content.startswith(b"openapi: 3.")


def test_the_page_brings_no_script_or_style_of_its_own(guest):
    response = guest.get(f"{API}docs/")

    page = response.content.decode()
    assert response.status_code == 200
    assert not re.search(r"<script(?![^>]*src)", page)
    assert "<style" not in page
    for source in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert source.startswith("/")


def test_the_script_of_the_page_is_a_file_of_its_own(guest):
    response = guest.get(f"{API}docs/?script=")

    assert response.headers["Content-Type"] == "application/javascript"
    assert "SwaggerUIBundle(" in response.content.decode()
