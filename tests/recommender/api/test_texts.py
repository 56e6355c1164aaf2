import pytest
import torch

from ml.training import checkpoints
from recommender.models import ImageEmbedding
from recommender.serving.rerank import SAME_IMAGE
from recommender.versions import lifecycle
from recommender.workers import training
from tests.factories import CategoryFactory, ProductFactory
from tests.ml import encoders

URL = "/api/v1/search/text/"


@pytest.fixture
def trained_reader(db, tmp_path):
    """Twelve products, four of them bags, and a version of a tiny image-text encoder in service."""
    for number in range(12):
        category = CategoryFactory(name="Bags" if number % 3 == 0 else "Shoes")
        ProductFactory(sku=f"A-{number}", image=number, category=category, price=number + 1)
    weights = encoders.save_weights(encoders.build_clip(), tmp_path / "w.pt")
    version = lifecycle.register("open_clip:tiny", method_settings={"weights": weights}, activate=True, here=True)
    return training.run(version)


def skus(response) -> list[str]:
    return [result["product"]["sku"] for result in response.json()["results"]]


def ranking(version, text: str, like: str = "", among: tuple[str, ...] = ()) -> list[str]:
    """The SKUs by the cosine of their embeddings and the text's, or the sum of this and a product's, without copies."""
    rows = ImageEmbedding.objects.filter(version=version).select_related("product")
    vectors = {row.product.sku: torch.tensor(row.vector) for row in rows}
    with torch.inference_mode():
        query = checkpoints.load(version.folder).embed_texts([text])[0]
    if like:
        query = query + vectors.pop(like)
    found: list[str] = []
    for sku in sorted(among or vectors, key=lambda sku: -torch.cosine_similarity(vectors[sku], query, dim=0).item()):
        if all(vectors[sku] @ vectors[other] < SAME_IMAGE for other in found):
            found.append(sku)
    return found


def test_a_text_finds_products_by_their_looks(guest, trained_reader, worker):
    response = guest.get(URL, {"q": "a red bag"})

    told = response.json()
    assert response.status_code == 200
    assert (told["strategy"], told["model"]["id"]) == ("text", trained_reader.pk)
    assert skus(response) == ranking(trained_reader, "a red bag")
    assert len(told["results"]) > 3
    assert "reason" not in told


def test_like_this_but_red(guest, trained_reader, worker):
    response = guest.get(URL, {"q": "red", "like": "A-3"})

    assert skus(response) == ranking(trained_reader, "red", like="A-3")
    assert skus(response) != [sku for sku in ranking(trained_reader, "red") if sku != "A-3"]


def test_it_takes_the_parameters_of_other_recommendations(guest, trained_reader, worker):
    bags = guest.get(URL, {"q": "red", "category": "bags", "min_price": 2, "exclude": "A-6", "limit": 5})
    first = guest.get(URL, {"q": "red", "limit": 5})

    second = guest.get(first.json()["next"])

    assert skus(bags) == ranking(trained_reader, "red", among=("A-3", "A-9"))
    assert [*skus(first), *skus(second)] == ranking(trained_reader, "red")[:10]


@pytest.mark.parametrize(
    ("params", "field", "reason"),
    [
        ({}, "q", "This field is required."),
        ({"q": " "}, "q", "may not be blank"),
        ({"q": "x" * 201}, "q", "no more than 200 characters"),
        ({"q": "a\0b"}, "q", "Null characters are not allowed"),
        ({"q": "red", "lik": "A-1"}, "lik", "There is no such parameter; like is one."),
        ({"q": "red", "limit": 101}, "limit", "less than or equal to 100"),
    ],
)
def test_what_makes_no_sense_is_named(guest, active, params, field, reason):
    answer = guest.get(URL, params)

    assert answer.status_code == 400
    assert reason in answer.json()["errors"][field][0]


def test_a_version_that_reads_no_text_is_a_conflict_in_plain_words(guest, trained):
    answer = guest.get(URL, {"q": "red"})

    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == (
        "The active version of similar styles, pixels 1, was not trained on texts: it embeds none."
    )


def test_a_product_that_the_caller_may_not_see_is_not_found(guest, trained_reader, worker):
    ProductFactory(sku="hidden", is_hidden=True)

    assert guest.get(URL, {"q": "red", "like": "hidden"}).status_code == 404
    assert guest.get(URL, {"q": "red", "like": "nope"}).json()["detail"] == "There is no product 'nope'."


def test_without_an_active_version_or_a_worker_it_is_worth_another_try(guest, active, settings, waiting):
    settings.TEXT_SEARCH_SECONDS = 0.1
    active.method, active.settings = "open_clip:tiny", {"weights": "w.pt"}
    active.save()

    without_worker = guest.get(URL, {"q": "red"})
    active.delete()
    without_version = guest.get(URL, {"q": "red"})

    assert [answer.status_code for answer in (without_worker, without_version)] == [503, 503]
    assert without_worker["Retry-After"] == "5"


def test_searches_by_text_have_a_limit_of_their_own(guest, active, monkeypatch):
    monkeypatch.setattr("recommender.throttling.TextThrottle.get_rate", lambda self: "1/min")

    assert guest.get(URL, {"q": "red"}).status_code == 409
    assert guest.get(URL, {"q": "red"}).status_code == 429
