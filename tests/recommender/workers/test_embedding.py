import io
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from django.db import transaction
from PIL import Image

from catalog import images, products, readings
from catalog.models import ImageReading, Product, ProductImage
from ml.data.decoding import read_image
from ml.data.images import ImageArray
from ml.errors import BadCheckpoint
from ml.models.factory import create
from ml.nn import inference
from ml.training import checkpoints
from ml.training.loop import fit
from recommender import broker
from recommender.experiments.models import Arm
from recommender.models import ImageEmbedding, ModelVersion
from recommender.versions import lifecycle, queries
from recommender.workers import embedding, photos, training_data
from tests.factories import ProductFactory, VersionFactory, image_bytes
from tests.recommender.experiments.conftest import begin
from tests.rivals import in_own_session, is_any_waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    """A trained `pixels` version in service, over twelve pictures that are no products."""
    model = create("pixels")
    images = ImageArray.decode([image_bytes(1000 + seed) for seed in range(12)], model.image_size)
    for _ in fit(model, images):
        pass
    version = VersionFactory(state="active", dimensions=model.dimensions)
    checkpoints.save(model, version.folder)
    embedding.load_model.cache_clear()
    return version


def test_a_new_picture_gets_its_vector_and_a_second_run_writes_nothing(version, django_assert_num_queries):
    image = ProductFactory(image=1).images.get()

    embedding.embed_images([image.pk])

    row = ImageEmbedding.objects.get()
    assert (row.image, row.product, len(row.vector)) == (image, image.product, version.dimensions)
    embedding.embed_images([image.pk])
    assert list(ImageEmbedding.objects.values_list("pk", "created_at")) == [(row.pk, row.created_at)]


def test_whatever_size_the_shop_takes_can_be_embedded_and_learned_from(version, settings, tmp_path):
    settings.MAX_IMAGE_PIXELS = 100_000_000
    file = io.BytesIO()
    Image.new("1", (8000, 7000), 1).save(file, "PNG")
    image = ProductFactory(image=file.getvalue()).images.get()
    settings.MAX_IMAGE_PIXELS = 50_000_000  # lowered later, it concerns new images alone

    embedding.embed_images([image.pk])

    assert ImageEmbedding.objects.get().image == image
    model, _ = embedding.load_model(version.folder)
    _, decoded = training_data.decode([image], model, tmp_path, False)
    assert (decoded.pixels == 255).all()


def test_an_upload_is_embedded_by_what_serves_and_later_by_the_versions_kept(version):
    others = [VersionFactory(state=state, dimensions=version.dimensions) for state in ("retired", *["ready"] * 4)]
    VersionFactory(state="training")
    for other in others:
        checkpoints.save(embedding.load_model(version.folder)[0], other.folder)
    image = ProductFactory().images.get()

    embedding.embed_images([image.pk])
    assert [row.version for row in ImageEmbedding.objects.all()] == [version]
    for other in others:
        embedding.embed_later(other.pk, [image.pk])

    assert {row.version for row in ImageEmbedding.objects.all()} == {version, *others}
    shutil.rmtree(version.folder)
    photos.embed_photo(image_bytes(7))  # by the model that is still in memory


def test_an_upload_is_embedded_at_once_by_a_version_of_an_experiment_too(version):
    tried, idle = (copy_of(version) for _ in range(2))
    begin(Arm(name="A", share=50), Arm(name="B", share=50, version=tried))
    image = ProductFactory(image=1).images.get()

    embedding.embed_images([image.pk])

    assert set(ImageEmbedding.objects.values_list("version", flat=True)) == {version.pk, tried.pk}
    assert set(queries.images_without_embedding(idle)) == {image}


def copy_of(version: ModelVersion) -> ModelVersion:
    """Another version with the same checkpoint, which does not serve."""
    copy = VersionFactory(dimensions=version.dimensions)
    shutil.copytree(version.folder, copy.folder)
    return copy


def test_similar_styles_see_a_picture_before_personal_lists_do(version):
    personal = VersionFactory(role="personal", metric="inner", state="active", dimensions=version.dimensions)
    checkpoints.save(embedding.load_model(version.folder)[0], personal.folder)

    embedding.embed_images([ProductFactory().images.get().pk])

    order = list(ImageEmbedding.objects.order_by("pk").values_list("version", flat=True))
    assert order == [version.pk, personal.pk]


def test_each_picture_is_decoded_once_for_all_versions_of_one_size(version, monkeypatch):
    kept = VersionFactory(state="retired", dimensions=version.dimensions)
    checkpoints.save(embedding.load_model(version.folder)[0], kept.folder)
    monkeypatch.setattr(embedding, "FIRST", 2)
    images = [ProductFactory(image=seed).images.get() for seed in range(5)]
    embedding.embed_images([images[4].pk])  # the other version lacks one more
    decoded = []

    def counted(source, *options):
        decoded.append(source)
        return read_image(source, *options)

    monkeypatch.setattr(inference, "read_image", counted)

    batches = embedding.batches_of_each([version, kept], [image.pk for image in images])
    assert sum(embedding.embed_batches(batches)) == 9

    assert sorted(decoded) == sorted(Path(image.file.path) for image in images)
    one, other = ([row.vector for row in each.embeddings.order_by("image")] for each in (version, kept))
    assert len(one) == 5 and one == [pytest.approx(vector, abs=1e-6) for vector in other]


def test_a_version_whose_checkpoint_is_lost_stops_only_itself(version, caplog):
    lost = VersionFactory(role="personal", method="dvbpr", state="active")
    image = ProductFactory(image=1).images.get()

    embedding.embed_images([image.pk])

    assert [row.version for row in ImageEmbedding.objects.all()] == [version]
    assert f"{lost} embeds nothing" in caplog.text


def test_a_version_that_lacks_nothing_is_not_loaded(version, caplog):
    image = ProductFactory(image=1).images.get()
    embedding.embed_images([image.pk])
    shutil.rmtree(version.folder)
    embedding.load_model.cache_clear()

    embedding.embed_images([image.pk])

    assert list(embedding.embed_all(version)) == []
    assert caplog.text == ""


def test_a_damaged_picture_stops_only_itself(version, caplog):
    broken, whole = ProductFactory(image=1), ProductFactory(image=2)
    Path(broken.images.get().file.path).write_bytes(b"no picture")

    done = list(embedding.embed_all(version))

    assert done == [(1, 2)]
    assert [row.product for row in ImageEmbedding.objects.all()] == [whole]
    problem = broken.images.get().problem
    assert problem.startswith("cannot be read: ") and problem.endswith(".png: not a picture in a known format")
    assert f"{broken.images.get()} is set aside: it {problem}" in caplog.text
    assert not queries.images_without_embedding(version).exists()


def test_pictures_whose_reader_died_are_embedded_by_every_version_at_once(version):
    personal = VersionFactory(role="personal", metric="inner", state="active", dimensions=version.dimensions)
    checkpoints.save(embedding.load_model(version.folder)[0], personal.folder)
    suspects = [ProductFactory(image=seed).images.get() for seed in range(2)]
    readings.begin([image.pk for image in suspects])  # as by a process that was killed
    other = ProductFactory(image=2).images.get()

    embedding.embed_images([image.pk for image in (*suspects, other)])  # as the broker sends it again

    rows = {(row.version, row.image) for row in ImageEmbedding.objects.all()}
    assert rows == {(each, image) for each in (version, personal) for image in (*suspects, other)}
    assert not ImageReading.objects.exists()


def test_a_picture_that_can_be_read_again_has_no_problem_any_more(version):
    image = ProductFactory(image=1).images.get()
    readings.set_aside({image.pk: "cannot be read: no such file"})
    readings.try_again(ProductImage.objects.all())

    embedding.embed_images([image.pk])

    found = ProductImage.objects.get()
    assert (found.problem, found.problem_since, ImageEmbedding.objects.get().image) == ("", None, image)
    readings.begin([image.pk])
    embedding.embed_images([image.pk])  # which every version has embedded
    assert not ImageReading.objects.exists()


def test_all_pictures_are_embedded_those_whose_readers_died_in_the_end(version):
    images = [ProductFactory().images.get() for _ in range(3)]
    readings.begin([images[0].pk])

    assert list(embedding.embed_all(version)) == [(2, 3), (3, 3)]

    assert [row.image for row in ImageEmbedding.objects.order_by("pk")] == [*images[1:], images[0]]


def test_what_is_uploaded_while_a_version_is_completed_does_not_hold_up_its_activation(version, waiting, monkeypatch):
    other = VersionFactory(dimensions=version.dimensions)
    checkpoints.save(embedding.load_model(version.folder)[0], other.folder)
    monkeypatch.setattr(broker, "EMBED_BATCH", 2)
    images = [ProductFactory().images.get() for _ in range(3)]
    readings.begin([ProductFactory().images.get().pk])  # its reader died
    lifecycle.request_activation(other)
    store_vectors = embedding.store.store_vectors

    def store_and_upload(*args, **options):
        store_vectors(*args, **options)
        images.append(ProductFactory().images.get())

    monkeypatch.setattr(embedding.store, "store_vectors", store_and_upload)

    embedding.complete(other.pk)  # one task's worth
    assert ModelVersion.objects.get(pk=other.pk).state == "ready"
    assert waiting("embed")[-1] == ("complete_version", [other.pk])
    embedding.complete(other.pk)
    embedding.complete(other.pk)
    monkeypatch.undo()
    embedding.complete(other.pk)

    states = dict(ModelVersion.objects.values_list("pk", "state"))
    assert states == {version.pk: "retired", other.pk: "active"}
    embedded = set(ImageEmbedding.objects.filter(version=other).values_list("image", flat=True))
    assert embedded == {image.pk for image in images}


def test_a_version_without_its_checkpoint_is_not_activated_and_says_why(version):
    other = VersionFactory()
    ProductFactory()
    lifecycle.request_activation(other)

    with pytest.raises(BadCheckpoint):
        embedding.complete(other.pk)

    found = ModelVersion.objects.get(pk=other.pk)
    assert (found.state, found.activation_requested_at) == ("ready", None)
    assert other.folder.name in found.error


def test_a_changed_picture_is_seen_anew(version):
    product = ProductFactory(image=1)
    embedding.embed_images([product.images.get().pk])
    former = ImageEmbedding.objects.get().vector

    products.replace_primary_image(product, images.read_image(image_bytes(2)))
    assert [image.product for image in queries.images_without_embedding(version)] == [product]
    embedding.embed_images([product.images.get().pk])

    assert ImageEmbedding.objects.get().vector != former


def test_embedding_anew_replaces_what_is_there(version):
    image = ProductFactory(image=1).images.get()
    ImageEmbedding.objects.create(
        version=version, image=image, product=image.product, vector=[1.0] + [0.0] * (version.dimensions - 1)
    )

    assert list(embedding.embed_all(version)) == []
    assert list(embedding.embed_all(version, anew=True)) == [(1, 1)]
    assert ImageEmbedding.objects.get().vector[0] != 1.0


def test_the_pixels_that_are_embedded_are_the_file_s(version):
    product = ProductFactory(image=3)
    model, _ = embedding.load_model(version.folder)
    embedding.embed_images([product.images.get().pk])

    expected = model.embed(ImageArray(read_image(image_bytes(3), model.image_size)[None]).batch([0]))[0]

    assert ImageEmbedding.objects.get().vector == pytest.approx(expected.tolist(), abs=1e-6)


def test_many_batches_are_embedded_each_picture_by_its_own_pixels(version, monkeypatch):
    monkeypatch.setattr(embedding, "FIRST", 1)
    monkeypatch.setattr(embedding, "BATCH", 2)
    products = [ProductFactory(image=seed) for seed in range(5)]
    Path(products[2].images.get().file.path).write_bytes(b"no picture")
    model, _ = embedding.load_model(version.folder)

    assert list(embedding.embed_all(version)) == [(1, 5), (2, 5), (4, 5)]

    pixels = ImageArray.decode([image_bytes(seed) for seed in (0, 1, 3, 4)], model.image_size)
    rows = ImageEmbedding.objects.order_by("image")
    assert [row.product for row in rows] == products[:2] + products[3:]
    for row, expected in zip(rows, model.embed(pixels.batch(range(4))).tolist(), strict=True):
        assert row.vector == pytest.approx(expected, abs=1e-5)


def test_a_model_that_fails_stops_the_run_and_stores_what_came_before(version, monkeypatch):
    monkeypatch.setattr(embedding, "FIRST", 2)
    monkeypatch.setattr(embedding, "BATCH", 2)
    images = [ProductFactory().images.get() for _ in range(6)]
    compute = embedding.compute_vectors

    def compute_first(batch):
        if batch.images[0] != images[0]:
            raise RuntimeError("out of memory")
        return compute(batch)

    monkeypatch.setattr(embedding, "compute_vectors", compute_first)
    with pytest.raises(RuntimeError, match="out of memory"):
        list(embedding.embed_all(version))

    assert [row.image for row in ImageEmbedding.objects.order_by("image")] == images[:2]


@pytest.mark.django_db(transaction=True)
def test_vectors_are_stored_anew_after_a_deadlock_with_a_deletion_in_django_s_order(version):
    image = ProductFactory(image=1).images.get()
    embedding.embed_images([image.pk])
    row = (image.pk, image.product_id, np.zeros(version.dimensions, dtype=np.float32))
    is_half_deleted = Event()

    def delete() -> None:
        with transaction.atomic():
            ImageEmbedding.objects.filter(image=image).delete()
            is_half_deleted.set()
            while not is_any_waiting():
                time.sleep(0.01)
            Product.objects.filter(pk=image.product_id).delete()

    def store() -> None:
        assert is_half_deleted.wait(60)
        embedding.store_rows(embedding.Batch(version, [image], None), [row], True)

    with ThreadPoolExecutor(2) as pool:
        for rival in [pool.submit(in_own_session, delete), pool.submit(in_own_session, store)]:
            rival.result()

    assert not Product.objects.exists() and not ImageEmbedding.objects.exists()
