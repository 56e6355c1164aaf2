import numpy as np
import pytest
import torch

from ml.evaluation import probes


def test_a_linear_probe_finds_what_is_linear_and_nothing_in_noise():
    points = torch.randn(400, 4, generator=torch.Generator().manual_seed(0))
    told = (points[:, 0] > 0).long().numpy()
    noise = np.random.default_rng(0).integers(2, size=400)

    assert probes.run_linear_probe(points, told).mean() > 0.95
    assert len(probes.run_linear_probe(points, told)) == 200
    assert probes.run_linear_probe(points, noise).mean() == pytest.approx(0.5, abs=0.1)


def test_accuracies_are_high_where_there_is_something_to_tell_and_at_the_majority_where_not():
    points = torch.randn(600, 4, generator=torch.Generator().manual_seed(0))
    told = (points[:, 0] > 0).long().numpy()
    noise = np.random.default_rng(0).choice(3, size=600, p=[0.7, 0.2, 0.1])

    clear, blind = (probes.probe_accuracies(points, classes, "euclidean") for classes in (told, noise))

    assert clear["svm"]["test"] > 0.9 and clear["knn"]["test"] > 0.8
    assert blind["majority"] == pytest.approx(0.7, abs=0.07)
    assert all(blind[probe]["test"] < blind["majority"] + 0.05 for probe in ("svm", "knn"))


def test_no_picture_is_its_own_neighbour():
    points = torch.tensor([[0.0], [1], [2], [3], [10], [11], [12], [13]])
    classes = np.array([0, 1, 1, 1, 0, 1, 1, 1])  # each 0 has only 1s around it

    guesses = probes._predict_nearest(points, torch.from_numpy(classes), np.arange(8), "euclidean")

    assert guesses.tolist() == [1] * 8


def test_without_a_label_a_picture_is_neither_learned_from_nor_asked():
    points = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    classes = np.where(np.arange(100) % 2 == 0, (points[:, 0] > 0).numpy(), -1)
    points[1::2] = torch.nan

    assert probes.probe_accuracies(points, classes, "euclidean")["svm"]["test"] > 0.8
