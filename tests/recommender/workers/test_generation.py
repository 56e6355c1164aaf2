import io
import shutil

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import override_settings
from PIL import Image

from catalog import products
from catalog.images import read_image
from recommender import tasks
from recommender.designs import lifecycle
from recommender.errors import DesignCancelled, DesignFailed
from recommender.models import Design, DesignImage
from recommender.versions import lifecycle as versions
from recommender.versions import previews, queries
from recommender.workers import embedding, generation, training
from tests.factories import CategoryFactory, ProductFactory, ShopperFactory, VersionFactory
from tests.recommender.workers.conftest import open_shoe_shop

pytestmark = pytest.mark.django_db
SMALL = {"width": 4, "batch_size": 8}
GREY = np.full((32, 32, 3), 128, dtype=np.uint8)


@pytest.fixture(scope="module")
def trained_studio(django_db_setup, django_db_blocker, tmp_path_factory):
    """Shoes and versions of all three roles in service, hardly trained, in a transaction; and their files."""
    files = tmp_path_factory.mktemp("studio")
    folders = override_settings(MEDIA_ROOT=files / "media", MODELS_ROOT=files / "models")
    with django_db_blocker.unblock(), transaction.atomic():
        with folders:
            shoes = open_shoe_shop()
            for method, told in {"pixels": {}, "dvbpr": {}, "lsgan": SMALL}.items():
                version = versions.register(method, method_settings=told, epochs=1, activate=True, here=True)
                training.run(version)
        yield shoes, files
        transaction.set_rollback(True)


@pytest.fixture
def studio(trained_studio, db, settings, monkeypatch):
    """The trained studio, with copies of its files, and searches that are soon over."""
    shoes, files = trained_studio
    shutil.copytree(files / "media", settings.MEDIA_ROOT)
    shutil.copytree(files / "models", settings.MODELS_ROOT)
    embedding.load_model.cache_clear()
    monkeypatch.setattr(generation, "SPARE", 2)
    return shoes


def asked(**what) -> Design:
    shopper = ShopperFactory._meta.model.objects.get(key="s1")
    if "product" in what:
        return lifecycle.claim(lifecycle.request_tailoring(shopper, **what).pk)
    return lifecycle.claim(lifecycle.request(shopper, CategoryFactory(name="Shoes"), **what).pk)


def picture_of(image: DesignImage) -> Image.Image:
    with default_storage.open(image.file) as file:
        return Image.open(io.BytesIO(file.read()))


def test_a_generator_is_trained_on_what_visitors_see_and_says_what_it_left_out(shoe_shop):
    products.hide(type(shoe_shop[0]).objects.filter(pk=shoe_shop[0].pk))

    version = training.run(versions.register("lsgan", method_settings=SMALL, epochs=2, activate=True, here=True))

    version.refresh_from_db()
    assert (version.state, version.dimensions, version.metric) == ("active", 256, "")
    assert version.categories == [CategoryFactory(name="Shoes").pk]
    assert version.metrics["categories"] == "Shoes (23)"
    assert "fewer than 20 pictures are left out: Bags (3)" in version.metrics["warnings"][0]
    assert previews.epochs(version) == [1, 2]
    with Image.open(previews.file_of(version, 2)) as sheet:
        assert sheet.size == (12 * 66 - 2, 64)
    assert not version.embeddings.exists()


def test_designs_are_made_looked_at_and_kept(studio):
    design = asked(count=3, eta=0.5)

    generation.run(design)

    design.refresh_from_db()
    images = list(design.images.all())
    assert (design.status, len(images), design.generator.method, design.scorer.method) == ("done", 3, "lsgan", "dvbpr")
    assert {image.kind for image in images} == {"design"}
    assert {picture_of(image).size for image in images} == {(64, 64)}
    assert len(images[0].embedding) == design.embedding_version.dimensions
    tasks.make_design(str(design.pk))
    assert Design.objects.get().tries == 1


def test_the_same_design_tried_again_makes_the_same_pictures(studio, monkeypatch):
    design = asked(count=2)
    monkeypatch.setattr(lifecycle, "finish", lambda *_: None)
    first = generation.embed_generated(design, generation.generate(design))

    assert generation.embed_generated(design, generation.generate(design)) == first


def test_a_cancelled_design_stops_at_the_next_step(studio, monkeypatch):
    design = asked(count=2)
    monkeypatch.setattr(generation, "REPORT_SECONDS", 0)
    lifecycle.cancel(Design.objects.get())

    with pytest.raises(DesignCancelled):
        generation.run(design)

    assert not default_storage.exists(design.folder)
    assert Design.objects.get().progress == 0


def test_tailoring_tells_the_way_from_the_product_to_the_taste(studio):
    grey = ProductFactory(image=False)
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "PNG")
    products.add_images(grey, [read_image(file.getvalue())])
    design = asked(product=grey, budget=0.3)

    generation.run(design)

    images = list(design.images.all())
    assert [image.kind for image in images[:3]] == ["original", "approximation", "step"]
    assert len(images) == 2 + generation.SHOWN_STEPS
    assert np.array_equal(np.asarray(picture_of(images[0]))[0, 0], [128, 128, 128])
    assert [image.step for image in images[2:]] == sorted(image.step for image in images[2:])
    assert max(image.change for image in images) <= 0.3


def test_a_product_that_cannot_be_reached_is_told_with_the_reason(studio):
    design = asked(product=studio[3], budget=0.1)

    with pytest.raises(DesignFailed):
        generation.run(design)

    design.refresh_from_db()
    assert design.status == "failed"
    assert "the generator comes no nearer" in design.error


def test_a_personal_version_that_is_blind_is_named(studio):
    design = asked(count=2)
    training.run(versions.register("bpr-mf", epochs=1, activate=True, here=True))

    with pytest.raises(
        DesignFailed, match="bpr-mf 1, the active personal version, ignores pictures and cannot score designs"
    ):
        generation.run(design)

    assert Design.objects.get().status == "failed"


def test_a_model_that_cannot_be_loaded_is_told_without_its_folder(studio):
    design = asked(count=2)
    (queries.active_or_raise("design").folder / "config.json").unlink()
    embedding.load_model.cache_clear()

    with pytest.raises(DesignFailed, match="config.json"):
        generation.run(design)

    design.refresh_from_db()
    assert design.status == "failed"
    assert "cannot be loaded" in design.error and "config" not in design.error


def test_without_a_similar_version_there_are_designs_that_nobody_looked_at(studio):
    versions_of = type(VersionFactory._meta.model.objects.first()).objects
    versions_of.filter(role="similar").update(state="retired")
    design = asked(count=2)

    generation.run(design)

    assert [image.embedding for image in design.images.all()] == [None, None]


def test_a_design_whose_images_cannot_be_stored_is_tried_again(studio, settings):
    folder = settings.MEDIA_ROOT / "designs"
    folder.touch()  # a file
    design = asked(count=1)

    for _ in range(lifecycle.TRIES + 1):
        with pytest.raises(OSError, match="directory"):
            generation.run(design)
        design.refresh_from_db()
        assert (design.status, design.tries) == ("queued", 0)
        Design.objects.update(lease_until=None)
        design = lifecycle.claim(design.pk)
    folder.unlink()
    generation.run(design)

    assert Design.objects.get().status == "done"
