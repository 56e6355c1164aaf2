import numpy as np

from recommender.workers.snapshots import Snapshot


def test_what_was_saved_is_read_again_and_nothing_from_an_empty_folder(tmp_path):
    assert Snapshot.load(tmp_path) is None
    ids, weights = np.array([5, 7]), np.array([0.5])
    users, items = np.array([1]), np.array([0])
    Snapshot(ids, users, ids / 2, ids + 1, users, items, weights, weights).save(tmp_path)

    found = Snapshot.load(tmp_path)

    assert (found.products.tolist(), found.shoppers.tolist()) == ([5, 7], [6, 8])
    assert (found.interactions.n_items, found.interactions.users.tolist()) == (2, [1])
    assert [file.name for file in tmp_path.iterdir()] == ["interactions.npz"]


def test_what_a_former_release_saved_without_the_times_of_listing_is_read_anew(tmp_path):
    columns = {name: np.zeros(1) for name in ("products", "categories", "shoppers", "users", "items", "timestamps")}
    np.savez(tmp_path / "interactions.npz", **columns, weights=np.ones(1))

    assert Snapshot.load(tmp_path) is None
