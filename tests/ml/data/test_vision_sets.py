import gzip
import pickle
import struct
import zlib

import numpy as np
import pytest

from ml.data.decoding import read_image
from ml.data.vision_sets import SETS, read
from ml.errors import BadData
from tests.ml.worlds import write_toy_image

RNG = np.random.default_rng(0)


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape) + array.tobytes()


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(name, array, kind, pack):
    """A matrix as MATLAB 5 writes it: the name short within its tag, all of it compressed if asked."""
    flags = element(6, struct.pack("<II", 9, 0))
    shape = element(5, struct.pack(f"<{array.ndim}i", *array.shape))
    named = struct.pack("<HH", 1, len(name)) + name.encode().ljust(4, b"\0")
    whole = element(14, flags + shape + named + element(kind, array.tobytes(order="F")))
    return struct.pack("<II", 15, len(zlib.compress(whole))) + zlib.compress(whole) if pack else whole


@pytest.fixture
def grey():
    return RNG.integers(256, size=(8, 28, 28), dtype=np.uint8)


@pytest.fixture
def coloured():
    return RNG.integers(256, size=(8, 32, 32, 3), dtype=np.uint8)


NUMBERS = np.array([0, 1, 9, 0, 1, 9, 0, 1], dtype=np.uint8)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_with_grey_in_all_three_channels(tmp_path, grey, name, packed):
    for file, array in (("t10k-images-idx3-ubyte", grey), ("t10k-labels-idx1-ubyte", NUMBERS)):
        data = gzip.compress(idx(array)) if packed else idx(array)
        (tmp_path / (file + ".gz" * packed)).write_bytes(data)

    photos = read(f"{name}:{tmp_path}", "test")

    words = {"mnist": ["0", "1", "9"], "fashion-mnist": ["T-shirt/top", "Trouser", "Ankle boot"]}[name]
    assert photos.class_names_of("class")[:3] == words
    pixels = read_image(photos.sources[3], (28, 28))
    assert (pixels == grey[3][:, :, None]).all() and pixels.shape == (28, 28, 3)
    with pytest.raises(BadData, match="there is no train-images-idx3-ubyte"):
        read(f"{name}:{tmp_path}", "train")


@pytest.mark.parametrize("pack", [True, False])
def test_svhn_calls_ten_nought(tmp_path, coloured, pack):
    labels = np.where(NUMBERS == 0, 10, NUMBERS)[:, None]
    parts = [matrix("X", np.moveaxis(coloured, 0, 3), 2, pack), matrix("y", labels.astype(np.uint8), 2, pack)]
    (tmp_path / "train_32x32.mat").write_bytes(b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + b"".join(parts))

    photos = read(f"svhn:{tmp_path}", "train")

    assert photos.class_names_of("class") == [str(number) for number in NUMBERS]
    assert (read_image(photos.sources[5], (32, 32)) == coloured[5]).all()


def test_cifar_in_its_five_parts(tmp_path, coloured):
    for number in range(1, 6):
        rows = coloured.transpose(0, 3, 1, 2).reshape(8, -1)
        content = pickle.dumps({"data": rows, "labels": NUMBERS.tolist()}, protocol=2)
        (tmp_path / f"data_batch_{number}").write_bytes(content)

    photos = read(f"cifar-10:{tmp_path}", "train")

    assert len(photos.names) == 40 and photos.class_names_of("class")[:3] == ["airplane", "automobile", "truck"]
    assert (read_image(photos.sources[-1], (32, 32)) == coloured[-1]).all()


class Bomb:
    def __reduce__(self):
        return print, ("run",)


def test_a_pickle_that_would_run_is_refused(tmp_path, capsys):
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": Bomb()}))

    with pytest.raises(BadData, match=r"test_batch cannot be read: it holds builtins.print"):
        read(f"cifar-10:{tmp_path}", "test")

    assert "run" not in capsys.readouterr().out


def test_celeba_by_its_own_split(tmp_path):
    names = [f"{n:06}.jpg" for n in range(1, 9)]
    for n, name in enumerate(names):
        write_toy_image(tmp_path / "img_align_celeba" / name, n % 2, n)
    lines = {
        "list_eval_partition.txt": [f"{name} {0 if n < 6 else 2}" for n, name in enumerate(names)],
        "identity_CelebA.txt": [f"{name} {n % 2 + 40}" for n, name in enumerate(names)],
        "list_attr_celeba.txt": ["8", "Bald Smiling", *(f"{n}  {(-1) ** i} 1" for i, n in enumerate(names))],
    }
    for file, rows in lines.items():
        (tmp_path / file).write_text("\n".join(rows) + "\n")

    photos = read(f"celeba:{tmp_path}", "train")

    assert photos.class_names_of("identity") == ["40", "41"] * 3 and photos.class_names_of("Bald") == ["yes", "no"] * 3
    assert "Smiling" not in photos.labels and len(read(f"celeba:{tmp_path}", "test").names) == 2
    (tmp_path / "img_align_celeba" / names[0]).unlink()
    with pytest.raises(BadData, match=f"there is no img_align_celeba/{names[0]}"):
        read(f"celeba:{tmp_path}", "train")


def test_tiny_imagenet_measures_on_val(tmp_path):
    for n in range(8):
        write_toy_image(tmp_path / "tiny" / "train" / f"n{n % 2}" / "images" / f"{n}.JPEG", n % 2, n)
        write_toy_image(tmp_path / "tiny" / "val" / "images" / f"val_{n}.JPEG", n % 2, n)
    annotations = [f"val_{n}.JPEG\tn{n % 2}\t0\t0\t62\t57" for n in range(8)]
    (tmp_path / "tiny" / "val" / "val_annotations.txt").write_text("\n".join(annotations))

    train, test = (read(f"tiny-imagenet:{tmp_path}", split) for split in ("train", "test"))

    assert sorted(train.class_names_of("class")) == ["n0"] * 4 + ["n1"] * 4 and len(train.names) == 8
    assert test.class_names_of("class") == ["n0", "n1"] * 4 and all("/val/" in name for name in test.names)


def test_an_unknown_set_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(BadData, match="nor a set called imagenet; there are: mnist, .*tiny-imagenet"):
        read(f"imagenet:{tmp_path}", "train")


def test_a_folder_may_have_a_colon_in_its_name(tmp_path, monkeypatch):
    for n in range(4):
        write_toy_image(tmp_path / "spring:2026" / ["dress", "hat"][n % 2] / f"{n}.png", n % 2, n)
    monkeypatch.chdir(tmp_path)

    for place in ("spring:2026", f"{tmp_path}/spring:2026"):
        assert len(read(place, "train").names) == 4
    with pytest.raises(BadData, match="autumn:2026 does not exist$"):
        read(f"{tmp_path}/autumn:2026", "train")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_file_is_named(tmp_path, name, split):
    with pytest.raises(BadData, match=r"there (is no|are no pictures in) \w+"):
        read(f"{name}:{tmp_path}", split)


def test_a_damaged_file_is_named(tmp_path, grey):
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(grey)[:-1])
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(grey))[:-9])
    (tmp_path / "test_32x32.mat").write_bytes(b"no matrix at all")
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"words": []}))

    for source, split, message in (
        ("mnist", "test", "t10k-images-idx3-ubyte is no whole IDX file"),
        ("mnist", "train", "train-images-idx3-ubyte.gz cannot be read"),
        ("svhn", "test", "test_32x32.mat cannot be read: no MATLAB 5 file"),
        ("cifar-10", "test", "its files are not as those of cifar-10 are: KeyError"),
    ):
        with pytest.raises(BadData, match=message):
            read(f"{source}:{tmp_path}", split)
