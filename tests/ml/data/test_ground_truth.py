import numpy as np
import pytest
import torch

from ml.data.ground_truth import read_ground_truth
from ml.errors import BadData
from tests.ml.worlds import zipped

USERS, ITEMS = np.array(["ann", "bob"]), np.array(["hat", "shoe", "coat"])
TASTES, FEATURES = np.eye(2, 4, dtype=np.float32), np.ones((3, 4), np.float32)


def written(folder, **changed):
    arrays = {"users": USERS, "items": ITEMS, "tastes": TASTES, "features": FEATURES} | changed
    np.savez(folder / "truth.npz", **{name: array for name, array in arrays.items() if array is not None})
    return folder


def test_vectors_are_those_of_the_keys_asked_for(tmp_path):
    features = np.arange(12, dtype=np.float32).reshape(3, 4)
    (tmp_path / "shop").mkdir()
    folder = written(tmp_path / "shop", features=features)

    for place in (folder, zipped(folder, tmp_path / "shop.zip")):
        users, items = read_ground_truth(place).vectors(["bob"], ["coat", "hat"])
        assert torch.equal(users, torch.tensor([[0.0, 1, 0, 0]]))
        assert torch.equal(items, torch.from_numpy(features[[2, 0]]))


def test_real_shoppers_have_none(tmp_path):
    assert read_ground_truth(tmp_path) is None


def test_a_key_that_it_does_not_know_is_named(tmp_path):
    truth = read_ground_truth(written(tmp_path))

    with pytest.raises(BadData, match="does not know user cid, and 1 more of 3"):
        truth.vectors(["ann", "cid", "dan"], ["hat"])
    with pytest.raises(BadData, match="does not know item sock"):
        truth.vectors(["ann"], ["sock"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tastes": None}, "tastes is not a file in the archive"),
        ({"tastes": np.ones((3, 4))}, r"do not fit each other: .* tastes \(3, 4\)"),
        ({"features": np.ones((3, 5))}, r"do not fit each other"),
        ({"features": np.ones(3)}, "do not fit each other"),
        ({"users": np.array([1, 2])}, "do not fit each other"),
        ({"users": np.array(["ann", "bob"], dtype=object)}, "allow_pickle=False"),
        ({"tastes": np.full((2, 4), np.nan)}, "no finite numbers"),
    ],
)
def test_what_will_not_do_says_why(tmp_path, changed, message):
    with pytest.raises(BadData, match=message):
        read_ground_truth(written(tmp_path, **changed))


def test_what_is_no_archive_says_so(tmp_path):
    (tmp_path / "truth.npz").write_text("junk")

    with pytest.raises(BadData, match="truth.npz cannot be read"):
        read_ground_truth(tmp_path)
