import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageOps

from ml.data.images import ImageArray
from ml.data.photo_views import WHOLE
from ml.models.factory import create
from ml.nn.inference import embed_images
from ml.nn.photo_search import PhotoSearch
from ml.training.loop import fit


def product(number: int) -> Image.Image:
    """A thing of its own shape and colours in the middle of a white square."""
    image = Image.new("RGB", (96, 96), "white")
    draw, hue = ImageDraw.Draw(image), number * 47 % 360
    draw.polygon([(8, 30 - number % 7), (88, 20), (80, 66 + number % 9), (16, 80)], fill=f"hsl({hue}, 90%, 45%)")
    draw.polygon([(20, 40), (76, 44 + number % 5), (48, 60)], fill=f"hsl({(hue + 120 + 9 * number) % 360}, 80%, 30%)")
    return image


@pytest.fixture(scope="module")
def search():
    """A search among twenty products, whose ids are 100 and on."""
    model = create("histogram")
    images = ImageArray(np.stack([np.asarray(product(n).resize(model.image_size)) for n in range(20)]))
    for _ in fit(model, images):
        pass
    embedded = embed_images(model, images).numpy()

    def nearest(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distances = (
            1 - vectors @ embedded.T / np.linalg.norm(embedded, axis=1) / np.linalg.norm(vectors, axis=1)[:, None]
        )
        return distances.min(axis=1), 100 + distances.argmin(axis=1)

    return PhotoSearch(model, nearest)


ALTERATIONS = {
    "none": lambda image: image,
    "margin": lambda image: ImageOps.expand(image, 40, "white"),
    "grey margin": lambda image: ImageOps.expand(image, 15, (128, 128, 128)),
    "mirror": ImageOps.mirror,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "tilted": lambda image: image.rotate(-40, fillcolor="white"),
    "phone": lambda image: ImageOps.pad(image, (96, 170), color="white"),
}


@pytest.mark.parametrize("alteration", ALTERATIONS.values(), ids=ALTERATIONS)
def test_the_product_of_an_altered_picture_is_nearest(search, alteration):
    for number in range(5):
        found = search.search(alteration(product(number)))

        assert found[0].nearest == 100 + number
        assert found[0].distance == min(each.distance for each in found)


def test_each_of_two_products_is_an_object(search):
    photo = Image.new("RGB", (240, 120), "white")
    photo.paste(product(3), (10, 10))
    photo.paste(product(8), (140, 10))

    found = search.survey(photo)

    assert {103, 108} <= {each.nearest for each in found}
    left, right = (next(each.box for each in found if each.nearest == number) for number in (103, 108))
    assert left[2] < 0.5 < right[0]


def test_a_photo_of_one_colour_is_one_object(search):
    assert [each.box for each in search.search(Image.new("RGB", (64, 64), (128, 128, 128)))] == [WHOLE]


def test_where_nothing_is_embedded_all_is_infinitely_far(search):
    nothing = PhotoSearch(search.model, lambda vectors: (np.full(len(vectors), np.inf), np.full(len(vectors), -1)))

    found = nothing.search(product(1))

    assert (found[0].distance, found[0].nearest) == (np.inf, -1)
    assert torch.isfinite(torch.from_numpy(found[0].vector)).all()
