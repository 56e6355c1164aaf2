import pytest
import torch
from torch.testing import assert_close

from ml.data.images import ImageArray
from ml.errors import UnreadableImage
from ml.nn.inference import AHEAD, decode_ahead, embed_images, embed_sources
from tests.ml.worlds import trained, write_toy_image


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for n in range(AHEAD + 3):
        write_toy_image(folder / f"{n}.jpg", n % 2, n)
    return [folder / f"{n}.jpg" for n in range(AHEAD + 3)]


def test_files_decoded_ahead_have_the_same_vectors_in_the_same_order(files):
    model = trained("hog")

    from_files = embed_sources(model, files)

    assert_close(from_files, embed_images(model, ImageArray.decode(files, model.image_size)))
    assert not torch.equal(from_files[0], from_files[2])


def test_the_next_batch_is_asked_for_before_this_one_is_handed_over(files):
    asked = []

    def batches():
        for begin in (0, 2, 4):
            asked.append(begin)
            yield files[begin : begin + 2]

    decoded = decode_ahead(batches(), (16, 16))

    assert next(decoded)[0].shape == (16, 16, 3) and asked == [0, 2]
    assert [len(batch) for batch in decoded] == [2, 2]
    assert list(decode_ahead([], (16, 16))) == []


def test_what_is_no_picture_is_handed_over_as_such_or_raised(files, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture")

    (batch,) = decode_ahead([[files[0], broken]], (16, 16))

    assert isinstance(batch[1], UnreadableImage) and batch[0].shape == (16, 16, 3)
    with pytest.raises(UnreadableImage, match="broken.jpg"):
        embed_sources(trained("pixels"), [files[0], broken])
