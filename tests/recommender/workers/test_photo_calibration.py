import numpy as np
import pytest

from recommender.models import ModelVersion
from recommender.versions.vectors import scores
from recommender.workers import photo_calibration
from tests.factories import VersionFactory
from tests.recommender.workers.drawings import search_version

pytestmark = pytest.mark.usefixtures("all_trials")


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(photo_calibration, "NO_PRODUCTS", 0.45)


@pytest.mark.django_db
def test_what_is_nearest_to_altered_pictures_sets_the_chances_and_the_floor(few):
    version = search_version()

    photo_calibration.calibrate(version)
    photo_calibration.save(version)

    saved = ModelVersion.objects.get(pk=version.pk)
    assert set(saved.match_curves) == {"same_product", "same_style"}
    likely, unlikely = (scores.match_probability(saved.match_curves["same_product"], score) for score in (0.999, 0.5))
    assert likely > 0.6 > 0.3 > unlikely
    floor = scores.match_probability(saved.match_curves["same_style"], saved.good_match)
    assert floor == pytest.approx(photo_calibration.LEAST_CHANCE) or saved.good_match in (0, 1)


@pytest.mark.django_db
def test_trials_are_of_products_in_the_shop_and_not_and_of_no_product(few):
    tried = list(photo_calibration.trials(search_version(), seed=0))

    products, others = tried[:-9], tried[-9:]
    assert len(products) == 20
    assert 0.2 < np.mean([each.same_product for each in products]) < 0.9
    assert not any(each.same_product or each.same_style for each in others)
    assert all(each.same_style for each in products if each.same_product)


@pytest.mark.django_db
@pytest.mark.parametrize("given", [{"role": "personal", "metric": "inner"}, {}])
def test_a_personal_version_and_one_without_embeddings_have_no_chances(given):
    version = VersionFactory(**given)

    photo_calibration.calibrate(version)
    photo_calibration.save(version)

    saved = ModelVersion.objects.get(pk=version.pk)
    assert (saved.match_curves, saved.good_match) == ({}, None)


def test_a_curve_says_how_often_trials_of_a_score_were_right():
    rng = np.random.default_rng(0)
    found = rng.uniform(0.3, 0.99, 4000)
    true = rng.random(4000) < 1 / (1 + np.exp(-(3 * scores.closeness(found) - 4)))

    slope, offset = photo_calibration.fit_curve(found.tolist(), true.tolist())

    assert (slope, offset) == (pytest.approx(3, abs=0.3), pytest.approx(-4, abs=0.4))


@pytest.mark.parametrize("true", [[True] * 6, [False] * 6, [True, False] * 3])
def test_a_curve_never_falls_and_never_makes_sure(true):
    curve = photo_calibration.fit_curve([0.9, 0.8, 0.7, 0.6, 0.5, 0.4][:: 1 if true[0] else -1], true)

    chances = [scores.match_probability(curve, score) for score in (0.1, 0.5, 0.9)]
    assert chances == sorted(chances)
    assert chances[0] > 0 and chances[-1] < 1
