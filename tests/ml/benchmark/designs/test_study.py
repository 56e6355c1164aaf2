import pytest

from ml.benchmark.designs.study import SETS


def test_each_set_of_pictures_has_each_figure_and_means_have_intervals(document):
    (result,) = document["results"]
    for part in (result, *result["categories"].values()):
        for figure in ("liked", "judged", "realism"):
            for name in SETS:
                low, high = part["intervals"][f"{figure}/{name}"]
                assert low <= part["metrics"][f"{figure}/{name}"] <= high
        assert {f"diversity/{name}" for name in SETS} <= set(part["metrics"])
    assert {f"classifier score/{name}" for name in SETS} <= set(result["metrics"])


def test_users_like_best_what_they_like_best_and_random_products_as_they_come(document):
    metrics = document["results"][0]["metrics"]

    assert metrics["liked/best real"] > metrics["liked/random real"] + 0.5
    assert abs(metrics["liked/random real"]) < 1.5
    assert metrics["recognised/random real"] > 0.9
    assert metrics["classifier score/random real"] == pytest.approx(2, abs=0.2)


def test_no_product_is_a_copy_of_another_here_and_tailoring_is_told_by_budget(document):
    (result,) = document["results"]

    assert set(result["nearest"]) == {"random real", "random made", "eta 1"}
    assert result["nearest"]["random real"]["l1"] > 0
    assert set(result["distances"]) == {"random real", "random made"}
    far = result["distances"]
    assert far["random made"]["kernel"] > far["random real"]["kernel"]  # after two epochs
    assert len(result["tailoring"]["errors"]) == 4
    assert 0 <= result["tailoring"]["refused"] <= 1
