import io

import numpy as np
import pytest
from PIL import Image

from catalog.models import ProductImage
from recommender import tasks
from recommender.workers import found_parts
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def on_brown() -> bytes:
    """A red thing in the right half of a picture of brown."""
    image = Image.new("RGB", (100, 100), (140, 100, 60))
    image.paste((200, 30, 30), (50, 20, 90, 80))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def test_what_stands_out_is_found_and_on_white_all_of_a_picture():
    brown, white = (ProductFactory(image=image).images.get() for image in (on_brown(), 1))

    assert np.abs(np.subtract(found_parts.find_part(brown.pk), (0.5, 0.2, 0.9, 0.8))).max() < 0.03
    assert found_parts.find_part(white.pk) == [0.0, 0.0, 1.0, 1.0]


def test_of_a_picture_that_is_gone_or_cannot_be_read_nothing_is_found():
    image = ProductFactory().images.get()
    ProductImage.objects.filter(pk=image.pk).update(file="products/none.png")

    assert tasks.find_part(image.pk) is None
    assert tasks.find_part(image.pk + 1) is None
