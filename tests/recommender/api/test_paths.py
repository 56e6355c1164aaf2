import pytest

from catalog import interactions
from catalog.interactions import Event
from catalog.models import Interaction
from recommender.api.paths import SLASH, mark_slashes
from tests.factories import ProductFactory


@pytest.mark.parametrize(
    ("sent", "marked"),
    [
        ("/users/a%2Fb/", f"/users/a{SLASH}b/"),
        ("/users/a/b%2f/?next=/x", f"/users/a/b{SLASH}/"),
        ("/users/a%252Fb/", "/users/a%2Fb/"),
        ("/users/a/b/", "/users/a/b/"),
        ("http://shop.example/users/a%2Fb/", "/users/a/b/"),
        ("", "/users/a/b/"),
    ],
)
def test_slashes_of_ids_are_marked(sent, marked):
    assert mark_slashes(marked.replace(SLASH, "/"), sent) == marked


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["users", "visitors"])
def test_an_interaction_whose_id_reads_like_a_path_is_deleted_alone(admin_client, kind):
    product = ProductFactory()
    field = {"users": "user", "visitors": "session"}[kind]
    events = [("a", "x/interactions"), ("a", "b/export"), ("a", "other"), ("a/interactions/x", "all of them")]
    interactions.record([Event(sku=product.sku, kind="like", id=id, **{field: whose}) for whose, id in events])

    for path in (f"/api/v1/{kind}/a/interactions/{name}/" for name in ("x%2Finteractions", "b%2Fexport")):
        assert admin_client.delete(path, RAW_URI=path).status_code == 204

    assert set(Interaction.objects.values_list("event_id", flat=True)) == {"other", "all of them"}
    path = f"/api/v1/{kind}/a%2Finteractions%2Fx/export/"
    assert b"all of them" in b"".join(admin_client.get(path, RAW_URI=path).streaming_content)


@pytest.mark.django_db
def test_ids_that_differ_by_a_space_are_of_two_people(admin_client):
    product = ProductFactory()
    for name in ("a", " a", "a\n"):
        for fields in ({"session": name}, {"user": name}):
            event = {"sku": product.sku, "kind": "like", "id": "same", **fields}
            admin_client.post("/api/v1/interactions/", event, content_type="application/json")

    for kind in ("users", "visitors"):
        found = [
            admin_client.get(f"/api/v1/{kind}/{name}/interactions/").json()["count"] for name in ("a", "%20a", "a%0A")
        ]
        assert found == [1, 1, 1]
