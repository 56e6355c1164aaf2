import numpy as np
import pytest

from catalog.rows import Sql
from recommender import broker
from recommender.errors import NoActiveVersion, NoTextTower, WorkersUnavailable
from recommender.serving import saved, texts
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from tests.factories import ProductFactory, turned
from tests.recommender.conftest import placed, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(active):
    """An active version that embeds texts."""
    active.method, active.settings = "open_clip:tiny", {"weights": "w.pt"}
    active.save()
    return active


@pytest.fixture
def asked(reader, monkeypatch):
    """The texts that a worker was asked to embed; "red" looks 90 degrees away from "blue"."""
    found = []

    def embed(text):
        found.append(text)
        return {"version": reader.pk, "vector": turned(90 if "red" in text else 0)}

    monkeypatch.setattr(broker, "request_text_embedding", embed)
    return found


def is_sku(sku: str) -> Sql:
    return Sql("p.sku = %s", (sku,))


def test_a_text_finds_what_is_near(reader, asked):
    near, far = placed(reader, 80, 30)

    found = texts.products_like("red shoes", RecommendationQuery())

    assert (found.strategy, found.version, shown(found)) == ("text", reader, [near, far])
    assert asked == ["red shoes"]


def test_the_same_text_is_embedded_once(reader, asked):
    placed(reader, 80)

    first = texts.products_like("red  shoes ", RecommendationQuery())
    second = texts.products_like("red shoes", RecommendationQuery())

    assert asked == ["red shoes"]
    assert np.array_equal(first.plan.vector, second.plan.vector)


def test_without_the_cache_a_text_is_embedded_each_time(reader, asked, no_cache, caplog):
    placed(reader, 80)

    assert [len(texts.products_like("red", RecommendationQuery()).results) for _ in range(2)] == [1, 1]
    assert asked == ["red", "red"]


def test_like_this_but_red_finds_what_is_near_to_both(reader, asked):
    own, as_red, like_own, both = placed(reader, 0, 90, 20, 45)

    found = texts.products_like("red", RecommendationQuery(), is_sku(own.sku))

    assert shown(found) == [both, like_own, as_red]
    assert shown(texts.products_like("red", RecommendationQuery())) == [as_red, both, like_own, own]


def test_further_pages_follow_the_first(reader, asked):
    own, *others = placed(reader, 0, 50, 70, 15, 100)
    first = texts.products_like("red", RecommendationQuery(limit=2), is_sku(own.sku))
    saved.save(first, Caller())

    second = saved.load(first.id, 2, Caller())

    assert [*shown(first), *shown(second)] == others


def test_a_product_without_an_embedding_waits_for_it_and_one_that_does_not_exist_is_none(reader, asked):
    new = ProductFactory()

    waiting = texts.products_like("red", RecommendationQuery(), is_sku(new.sku))

    assert (waiting.results, waiting.reason) == ([], "not_yet_findable")
    assert texts.products_like("red", RecommendationQuery(), is_sku("nope")) is None
    assert asked == []


def test_a_version_without_a_text_tower_is_named_and_no_worker_is_asked(active, asked):
    for method, settings in {
        "pixels": {},
        "timm:resnet18": {"weights": "w.pt"},
        "open_clip:tiny": {"weights": "w.pt", "text": "no"},
    }.items():
        active.method, active.settings = method, settings
        active.save()

        with pytest.raises(NoTextTower, match=f"styles, {method} .*, was not trained on texts: it embeds none"):
            texts.products_like("red", RecommendationQuery())
        assert not texts.is_served()
    assert asked == []


def test_it_is_known_whether_texts_are_served(reader):
    assert texts.is_served()
    reader.state = "retired"
    reader.save()

    assert not texts.is_served()
    with pytest.raises(NoActiveVersion):
        texts.products_like("red", RecommendationQuery())


def test_a_vector_of_another_version_is_not_compared(reader, monkeypatch):
    monkeypatch.setattr(broker, "request_text_embedding", lambda text: {"version": reader.pk + 1, "vector": [1, 0]})

    with pytest.raises(WorkersUnavailable, match="another version was activated just now"):
        texts.products_like("red", RecommendationQuery())


def test_without_a_worker_the_search_gives_up(reader, settings, waiting):
    settings.TEXT_SEARCH_SECONDS = 0.1

    with pytest.raises(WorkersUnavailable, match="no worker answered in time"):
        texts.products_like("red", RecommendationQuery())
    assert waiting("embed") == [("embed_text", ["red"])]
