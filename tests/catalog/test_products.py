from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from catalog import fingerprints, products, readings
from catalog.images import read_image
from catalog.models import Category, Product, ProductImage
from tests.factories import CategoryFactory, ProductFactory, image_bytes

pytestmark = pytest.mark.django_db


def test_a_new_product_joins_the_category_that_is_there_however_it_is_written():
    tops = CategoryFactory(name="Tops")

    product = products.create(sku="A", title="Shirt", category=" tops", price="5")

    assert product.category == tops
    assert Category.objects.get().name == "Tops"


def test_a_product_changes_to_a_category_that_is_there_or_that_is_new():
    tops, product = CategoryFactory(name="Tops"), ProductFactory(category=CategoryFactory(name="Hats"))

    products.update(product, category="TOPS")
    assert (product.category, Category.objects.count()) == (tops, 2)

    products.update(product, category="High  heels ")
    assert (product.category.name, Category.objects.count()) == ("High heels", 3)


def test_a_picture_replaces_the_one_of_now_and_not_the_one_that_was_read_before():
    product = ProductFactory(image=1)
    read_before = Product.objects.with_images().get()
    products.replace_primary_image(product, read_image(image_bytes(2)))

    products.update(read_before, image=read_image(image_bytes(3)))

    assert ProductImage.objects.get().file_hash == read_image(image_bytes(3)).file_hash


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:50])])
def test_a_picture_whose_file_is_lost_is_replaced_by_the_same(spoil, django_capture_on_commit_callbacks):
    product, data = ProductFactory(image=1), image_bytes(1)
    former = ProductImage.objects.get()
    spoil(Path(former.file.path))
    readings.set_aside({former.pk: "cannot be read"})

    with django_capture_on_commit_callbacks(execute=True):
        products.update(product, image=read_image(data))

    image = ProductImage.objects.get()
    assert (image.problem, Path(image.file.path).read_bytes()) == ("", data)

    products.update(product, image=read_image(data))
    readings.set_aside({image.pk: "cannot be read: 3 processes that read it died"})
    products.update(product, image=read_image(data))
    assert ProductImage.objects.get() == image


@pytest.mark.parametrize("change", [{"title": "B"}, {"image": 2}])
def test_a_product_that_is_gone_is_not_changed(change, settings):
    product = ProductFactory(image=1)
    products.delete([Product.objects.get()])
    if "image" in change:
        change = {"image": read_image(image_bytes(change["image"]))}

    with pytest.raises(Product.DoesNotExist, match=f"no product '{product.sku}' any more"):
        products.update(product, **change)


def test_pictures_that_were_stored_before_there_were_fingerprints_get_theirs(caplog):
    small, large, lost = ProductFactory(), ProductFactory(image=image_bytes(7, size=600)), ProductFactory()
    before = dict(ProductImage.objects.values_list("product", "fingerprint"))
    ProductImage.objects.update(fingerprint=None)
    default_storage.delete(lost.images.get().file.name)

    assert [products.add_missing_fingerprints(2) for _ in range(3)] == [2, 1, 0]

    after = dict(ProductImage.objects.values_list("product", "fingerprint"))
    assert bytes(after[small.pk]) == bytes(before[small.pk])
    assert fingerprints.match_fingerprints([after[large.pk], before[large.pk]])[0, 1]  # its thumbnail was looked at
    assert bytes(after[lost.pk]) == b""
    assert lost.images.get().file.name in caplog.text


def test_a_part_of_a_picture_is_chosen_by_a_row_that_no_vector_is_of_yet(waiting, django_capture_on_commit_callbacks):
    product = ProductFactory(image=1)
    products.add_images(product, [read_image(image_bytes(2))])
    first, second = product.images.all()

    with django_capture_on_commit_callbacks(execute=True):
        row = products.choose_part(first, (0.25, 0.0, 0.75, 1.0))

    assert row.part == [0.25, 0.0, 0.75, 1.0] and row.pk not in (first.pk, second.pk)
    assert [image.pk for image in product.images.all()] == [row.pk, second.pk]
    assert row.file.name == first.file.name and default_storage.exists(row.file.name)
    assert waiting("embed") == [("embed_images", [[row.pk]])]
    assert products.choose_part(row, (0.25, 0.0, 0.75, 1.0)).pk == row.pk  # nothing to change
    assert products.choose_part(row, None).part is None


def test_no_part_is_chosen_of_a_picture_that_is_gone():
    product = ProductFactory()
    image = product.images.get()
    products.delete_images([image])

    with pytest.raises(ProductImage.DoesNotExist):
        products.choose_part(image, None)
