"""DVBPR's .npy files as Python 2 wrote them, and as those who loaded them in Python 3 have saved them since."""

import io
import json
import os
import pickle
import resource
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ml.__main__ import main
from ml.data.conversion import ROOT, convert, ensure_converted
from ml.data.interaction_files import read_interaction_file
from ml.errors import BadData
from tests.ml.worlds import toy_image

pytestmark = pytest.mark.slow

USERS = 3


def photo(item: int, mode: str = "RGB", form: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(toy_image(item % 2, item, side=32)).convert(mode).save(stream, form)
    return stream.getvalue()


PHOTOS = {0: photo(0), 1: photo(1, "L"), 2: photo(2, "CMYK"), 3: photo(3, "RGBA", "PNG"), 4: b"junk", 5: photo(5)}


def review(item: int, when: int) -> dict:
    """As json.loads and a Python 2 program made it: one key of bytes among keys of text."""
    return {b"productid": item, "overall": 4.0, "unixReviewTime": when, "reviewText": "caf\u00e9"}


def six(garments: bool = True) -> list:
    train = {u: [review(0, 10), review(u + 1, 20), review(0, 30)] for u in range(USERS)}
    validation, test = ({u: [review(5 if u else 3, when)] for u in range(USERS)} for when in (40, 50))
    test = {0: [review(2, 50)], 1: [review(0, 50)], 2: [review(1, 50)]}
    items = {item: {b"asin": b"B%d" % item, b"imgs": data, b"title": b"Caf\xc3\xa9"} for item, data in PHOTOS.items()}
    for item, entry in items.items():
        if garments:
            entry[b"c"] = np.arange(6) == item
        elif item:
            entry[b"categories"] = [[b"Clothing", b"Boots"], [b"Women"]]
    return [train, validation, test, items, USERS, len(items)]


def as_text(value):
    """What `encoding="latin1"` makes of it."""
    if isinstance(value, dict):
        return {as_text(key): as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


class Python2(pickle._Pickler):
    """Writes bytes as the `str` of Python 2."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_str(self, text: bytes) -> None:
        short = len(text) < 256
        self.write((b"U" + bytes([len(text)]) if short else b"T" + struct.pack("<i", len(text))) + text)
        self.memoize(text)

    dispatch[bytes] = save_str


def object_array(values: list) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def by_python_2(file, values: list) -> None:
    stream = io.BytesIO()
    Python2(stream, protocol=2).dump(object_array(values))
    with file.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, {"descr": "|O", "fortran_order": False, "shape": (len(values),)})
        out.write(stream.getvalue().replace(b"numpy._core", b"numpy.core"))


def by_python_3(file, values: list) -> None:
    np.save(file, object_array(values), allow_pickle=True)


def by_python_3_as_text(file, values: list) -> None:
    by_python_3(file, as_text(values))


WRITERS = [by_python_2, by_python_3, by_python_3_as_text]


def lines(file) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("write", WRITERS)
def test_whoever_wrote_it_the_same_comes_out(write, tmp_path, capfd):
    write(tmp_path / "set.npy", six())

    folder = ensure_converted(tmp_path / "set.npy")

    assert lines(folder / "interactions.csv") == [
        "user,item,timestamp,value,split",
        *("0,0,10,4.0,train", "0,1,20,4.0,train", "1,0,10,4.0,train", "1,2,20,4.0,train"),
        *("2,0,10,4.0,train", "2,3,20,4.0,train"),
        *("0,3,40,4.0,validation", "1,5,40,4.0,validation", "2,5,40,4.0,validation"),
        *("0,2,50,4.0,test", "1,0,50,4.0,test", "2,1,50,4.0,test"),
    ]
    assert lines(folder / "items.csv")[:3] == ["item,category,title", "0,men's tops,Café", "1,women's tops,Café"]
    assert {file.name for file in (folder / "images").iterdir()} == {f"{item}.jpg" for item in (0, 1, 2, 3, 5)}
    assert (folder / "images" / "0.jpg").read_bytes() == PHOTOS[0]
    for item in (1, 2, 3):
        with Image.open(folder / "images" / f"{item}.jpg") as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (32, 32))
    assert "passed over: item 4: not a picture in a known format" in capfd.readouterr().err


def test_the_published_division_is_used_and_item_0_is_an_item(tmp_path, capfd):
    by_python_2(tmp_path / "set.npy", six())

    journal = read_interaction_file(ensure_converted(tmp_path / "set.npy"))

    split = journal.split()
    assert journal.items == ["0", "1", "2", "3", "5"]
    assert split.train.popularity.tolist() == [2, 1, 1, 1, 0]  # user 1 has item 0 in test, so not in training
    assert [journal.items[item] for item in split.test.items] == ["2", "0", "1"]
    assert journal.categories.tolist() == [1, 4, 0, 2, 3]  # in the order of the alphabet
    assert "passed over: item 4" in capfd.readouterr().err


def test_without_garments_the_shops_own_category_stands(tmp_path, capfd):
    by_python_2(tmp_path / "set.npy", six(garments=False))

    rows = lines(ensure_converted(tmp_path / "set.npy") / "items.csv")

    assert rows[1:3] == ["0,,Café", "1,Boots,Café"]


def test_it_is_converted_once_and_anew_only_when_asked_to(tmp_path, capfd):
    file = tmp_path / "set.npy"
    by_python_2(file, six())
    first = ensure_converted(file)
    written = first.stat().st_mtime_ns
    capfd.readouterr()

    assert ensure_converted(file) == first and first.stat().st_mtime_ns == written
    assert "converting" not in capfd.readouterr().err
    os.utime(file, ns=(written + 10**9, written + 10**9))
    with pytest.raises(BadData, match="set.npy.converted is older than set.npy: remove it"):
        ensure_converted(file)


def test_compare_takes_the_file_as_it_is(tmp_path, capfd):
    by_python_2(tmp_path / "set.npy", six())
    given = ["compare", "recommend", "--data", str(tmp_path / "set.npy"), "--methods", "popularity", "--sampled"]

    assert main([*given, "--json", str(tmp_path / "out.json")]) == 0

    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["data"]
    assert (data["users"], data["items"], data["train"], data["test"]) == (3, 5, 5, 3)


class Evil:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_what_would_run_is_refused_and_does_not(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    by_python_3(tmp_path / "set.npy", [Evil(), *six()[1:]])

    with pytest.raises(BadData):
        ensure_converted(tmp_path / "set.npy")

    assert "it wants posix.system, which no data needs" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["set.npy"] and not (ROOT / "ran").exists()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (six()[:5], r"shape \(5,\); it must have six objects"),
        ([[], *six()[1:]], "the train are no dict of numbers"),
        ([*six()[:3], {"../../0": {}}, 3, 6], "the items are no dict of numbers"),
        (
            [{0: [{"asin": "B0"}]}, *six()[1:]],
            "user 0, train: productid of a review is None; it must be the number of an item",
        ),
    ],
)
def test_what_is_none_of_these_sets_is_named(tmp_path, capfd, values, reason):
    by_python_3(tmp_path / "set.npy", values)

    with pytest.raises(BadData, match="could not be converted: the reason is above"):
        ensure_converted(tmp_path / "set.npy")

    said = capfd.readouterr().err
    assert "none of DVBPR's data sets, or damaged" in said and reason.replace("\\", "") in said
    assert "Traceback" not in said and [path.name for path in tmp_path.iterdir()] == ["set.npy"]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_half_a_file_leaves_nothing_behind(tmp_path, capfd, share):
    by_python_2(tmp_path / "whole.npy", six())
    whole = (tmp_path / "whole.npy").read_bytes()
    (tmp_path / "whole.npy").unlink()
    (tmp_path / "set.npy").write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(BadData):
        ensure_converted(tmp_path / "set.npy")

    assert "or damaged" in capfd.readouterr().err and [path.name for path in tmp_path.iterdir()] == ["set.npy"]


def test_a_damaged_header_is_damage(tmp_path):
    by_python_2(tmp_path / "set.npy", six())
    (tmp_path / "set.npy").write_bytes((tmp_path / "set.npy").read_bytes().replace(b"(6,)", b"(6,(", 1))

    with pytest.raises(BadData, match="or damaged"):
        convert(tmp_path / "set.npy", tmp_path / "out")


def test_what_is_not_there_is_named_and_what_is_there_is_left(tmp_path):
    with pytest.raises(BadData, match="nowhere.npy does not exist"):
        ensure_converted(tmp_path / "nowhere.npy")
    with pytest.raises(BadData, match="is there already"):
        convert(tmp_path / "set.npy", tmp_path)


def test_it_can_be_asked_for_by_hand(tmp_path):
    by_python_2(tmp_path / "set.npy", six())
    command = [sys.executable, "-m", "ml", "convert", tmp_path / "set.npy", tmp_path / "out"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'out'}: 12 interactions, 5 of 6 items with a picture\n")


LIMITED = """
import resource
from ml.data.conversion import limit_resources
limit_resources(1000)
print(*resource.getrlimit(resource.RLIMIT_AS), *resource.getrlimit(resource.RLIMIT_CORE))
try:
    print(len(bytearray(3 * 2**30)))
except MemoryError:
    print("refused")
"""


def test_a_file_may_not_take_all_memory():
    before = resource.getrlimit(resource.RLIMIT_AS)

    done = subprocess.run([sys.executable, "-c", LIMITED], cwd=ROOT, capture_output=True, text=True, check=True)

    most = 8 * 1000 + 2 * 2**30
    assert done.stdout.split() == [str(most), str(most), "0", "0", "refused"]
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_transparent_image_is_laid_on_white(tmp_path):
    stream = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(stream, "PNG")
    values = six()
    values[3][1][b"imgs"] = stream.getvalue()
    by_python_3(tmp_path / "set.npy", values)

    convert(tmp_path / "set.npy", tmp_path / "out")

    with Image.open(tmp_path / "out" / "images" / "1.jpg") as image:
        assert np.asarray(image).min() == 255
