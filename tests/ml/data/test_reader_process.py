import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ml.data import reader_process
from ml.data.decoding import CutOut, Part, Stretched, read_image
from ml.errors import UnreadableImage
from tests.factories import image_bytes
from tests.ml.pipes import reader_killed

SIZE = (8, 12)


def test_a_file_that_kills_its_reader_costs_no_other(tmp_path):
    files = [tmp_path / name for name in ("first.png", "deadly.png", "damaged\n.png", "last.png")]
    for seed, file in enumerate(files):
        file.write_bytes(image_bytes(seed))
    files[1].unlink()
    os.mkfifo(files[1])
    files[2].write_bytes(b"no picture")

    with reader_killed(files[1]):
        first, deadly, damaged, last = reader_process.read_apart(files, SIZE)

    assert np.array_equal(first, read_image(files[0], SIZE)) and np.array_equal(last, read_image(files[3], SIZE))
    assert isinstance(deadly, UnreadableImage) and isinstance(damaged, UnreadableImage)
    assert str(deadly) == "deadly.png: the process that read it ended with -9"
    assert str(damaged) == "damaged .png: not a picture in a known format"


@pytest.mark.parametrize("kind", [Stretched, CutOut])
def test_a_file_is_read_to_the_kind_of_size_that_is_given(tmp_path, kind):
    file, picture = tmp_path / "picture.png", Image.new("RGB", (40, 90), (140, 100, 60))
    picture.paste((200, 30, 30), (5, 20, 20, 60))
    picture.save(file)

    (fitted,), (read,) = (list(reader_process.read_apart([file], size)) for size in (SIZE, kind(SIZE)))

    assert np.array_equal(read, read_image(file, kind(SIZE)))
    assert not np.array_equal(read, fitted)


def test_of_a_part_no_more_is_read(tmp_path):
    file = tmp_path / "picture.png"
    file.write_bytes(image_bytes(1))
    part = Part(file, (0.25, 0.5, 0.75, 1.0))

    [read] = reader_process.read_apart([part], SIZE)

    assert np.array_equal(read, read_image(part, SIZE)) and not np.array_equal(read, read_image(file, SIZE))


def test_a_file_that_holds_up_its_reader_ends_it(tmp_path):
    os.mkfifo(tmp_path / "endless.png")
    code = f"from ml.data import reader_process as r; r.SECONDS = 1; r.sys.argv[1:] = {('tuple', *SIZE)!r}; r.main()"

    reader = subprocess.run(
        [sys.executable, "-c", code], input=f'["{tmp_path}/endless.png", null]\n', text=True, cwd=reader_process.ROOT
    )

    assert reader.returncode == -14  # SIGALRM


def test_the_process_needs_no_torch():
    code = "import sys, ml.data.reader_process; print('torch' in sys.modules)"
    printed = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=reader_process.ROOT)
    assert printed == "False\n"
