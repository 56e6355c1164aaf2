from dataclasses import replace

import numpy as np
import pytest

from ml.data.handover import load_data, save_data
from ml.data.images import ImageArray, create_mapped
from tests.ml.worlds import data_for, toy_images


def test_images_of_a_mapped_file_stay_in_it(tmp_path):
    pixels = create_mapped(tmp_path / "pictures.npy", (5, 4, 4, 3))
    pixels[:] = np.arange(5)[:, None, None, None]

    save_data(ImageArray(pixels[:3]), tmp_path / "data")
    loaded = load_data(tmp_path / "data")

    assert loaded.pixels[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert not (tmp_path / "data" / "pixels.npy").exists()


def test_images_in_memory_are_written(tmp_path):
    images = toy_images(3, 8)

    save_data(images, tmp_path)

    assert np.array_equal(load_data(tmp_path).pixels, images.pixels)


@pytest.mark.parametrize("method", ["bpr-mf", "hybrid"])
def test_personal_data_are_the_same_again(method, tmp_path):
    data = replace(data_for(method), texts=[f"item {item}" for item in range(40)])

    save_data(data, tmp_path)
    loaded = load_data(tmp_path)

    assert (loaded.images is None) == (data.images is None)
    assert np.array_equal(loaded.train.distinct.keys, data.train.distinct.keys)
    assert (loaded.train.n_users, loaded.train.n_items) == (data.train.n_users, data.train.n_items)
    assert np.array_equal(loaded.categories, data.categories) and loaded.validation is None and loaded.listed is None
    assert loaded.texts == data.texts
