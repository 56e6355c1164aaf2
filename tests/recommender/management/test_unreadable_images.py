import pytest
from django.core.management import call_command

from catalog import readings
from catalog.models import ProductImage
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def test_pictures_that_were_set_aside_are_listed_by_their_files_and_tried_again(
    capsys, waiting, django_capture_on_commit_callbacks
):
    image = ProductFactory(sku="BOOT-1").images.get()
    ProductFactory(sku="BOOT-2")
    readings.set_aside({image.pk: "cannot be read: No such file or directory"})

    call_command("unreadable_images")

    listed, count = capsys.readouterr().out.splitlines()
    assert listed.startswith(f"BOOT-1  {image.file.name}  since 20")
    assert listed.endswith(": cannot be read: No such file or directory")
    assert count == "1 images cannot be read"

    with django_capture_on_commit_callbacks(execute=True):
        call_command("unreadable_images", "--retry")

    assert capsys.readouterr().out == "1 images wait for a worker\n"
    assert not ProductImage.objects.unreadable().exists()
    assert waiting("embed") == [("embed_images", [[image.pk]])]
