from datetime import timedelta

import pytest
from django.utils import timezone

from catalog import images, products, readings
from catalog.models import ImageReading, ProductImage
from tests.factories import ProductFactory, image_bytes
from tests.recommender.locks import held_elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def image():
    return ProductFactory().images.get()


def test_what_is_being_read_already_is_not_begun_again(image):
    other = ProductFactory().images.get()

    assert readings.begin([image.pk]) == {image.pk}
    assert readings.begin([image.pk, other.pk]) == {other.pk}
    assert readings.unfinished([image.pk]) == {image.pk}
    readings.end([image.pk])
    assert readings.begin([image.pk, other.pk]) == {image.pk}


def test_of_two_who_read_one_picture_alone_the_second_leaves_it(image):
    readings.begin([image.pk])

    with held_elsewhere(f"catalog.readings.{image.pk}"), readings.alone(image.pk) as may_read:
        assert not may_read

    assert ImageReading.objects.get().tries == 1


def test_a_reader_that_fails_has_not_died(image):
    with pytest.raises(KeyError), readings.alone(image.pk):
        raise KeyError

    assert not ImageReading.objects.exists()


def test_a_picture_is_tried_again_after_as_long_as_it_could_not_be_read(image, caplog):
    readings.set_aside({image.pk: "cannot be read: no such file"})

    assert "ERROR    catalog.readings:readings.py" in caplog.text and "set aside: it cannot be read" in caplog.text
    found = ProductImage.objects.get()
    assert found.retry_at - found.problem_since == readings.SOONEST_RETRY
    assert readings.due(10) == []
    hour = timedelta(hours=1)
    ProductImage.objects.update(problem_since=timezone.now() - hour, retry_at=timezone.now())
    assert readings.due(10) == [image.pk]
    readings.set_aside({image.pk: "cannot be read: no such file"})
    found.refresh_from_db()
    assert hour <= found.retry_at - timezone.now() + timedelta(seconds=30)
    assert hour * 2 > found.retry_at - found.problem_since - timedelta(minutes=1)


def test_what_is_tried_again_is_readable_until_it_is_read_apart(image):
    readings.set_aside({image.pk: "cannot be read: no such file"})
    assert not ProductImage.objects.readable().exists()

    assert readings.try_again(ProductImage.objects.all()) == [image.pk]

    assert ProductImage.objects.readable().get() == image
    assert readings.begin([image.pk]) == set()
    assert readings.try_again(ProductImage.objects.all()) == []


def test_a_new_file_has_no_problem_and_leaves_nothing_of_the_former(image):
    readings.begin([image.pk])
    readings.set_aside({image.pk: "cannot be read: no such file"})

    products.replace_primary_image(image.product, images.read_image(image_bytes(99)))

    assert ProductImage.objects.get().problem == ""
    assert not ImageReading.objects.exists()


def test_readings_that_ended_long_ago_without_an_end_are_found(image):
    readings.begin([image.pk])
    assert readings.abandoned(10) == []

    for began_at in (
        timezone.now() - readings.ABANDONED,
        timezone.now() + timedelta(hours=1),
    ):  # or a clock was set back
        ImageReading.objects.update(began_at=began_at)

        assert readings.abandoned(10) == [image.pk]
