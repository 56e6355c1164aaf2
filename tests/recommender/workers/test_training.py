import errno
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone

from catalog import products, readings
from catalog.models import Interaction, Shopper
from ml.training import checkpoints, events, resume
from recommender import maintenance
from recommender.errors import TrainingCancelled, TrainingFailed
from recommender.models import ImageEmbedding, ModelVersion, ShopperVector
from recommender.serving import recommend
from recommender.serving.types import RecommendationQuery
from recommender.versions import lifecycle, training_log
from recommender.versions.vectors import nearest
from recommender.workers import embedding, training
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory
from tests.recommender.audits.test_together import visit
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


def test_a_similar_version_is_trained_embedded_and_activated(shop):
    version = training.run(lifecycle.register("pixels", activate=True, here=True))

    version.refresh_from_db()
    assert (version.state, version.metric, version.lease_until) == ("active", "cosine", None)
    assert ImageEmbedding.objects.filter(version=version).count() == 20
    assert len(recommend.similar_products(shop[0], RecommendationQuery(limit=5)).results) == 5
    assert 0.5 < version.good_match <= 1
    assert not list(version.folder.glob("*.npy"))  # the decoded catalogue is not kept


def test_a_personal_version_knows_its_shoppers_and_reports_on_what_was_held_back(shop):
    version = training.run(lifecycle.register("dvbpr", epochs=2, activate=True, here=True))

    version.refresh_from_db()
    assert ShopperVector.objects.filter(version=version).count() == 6
    assert [entry["epoch"] for entry in version.metrics["losses"]] == [1, 2]
    [scalars] = (version.folder / "tensorboard").iterdir()
    assert len([*events.read(scalars.read_bytes())]) == 3  # the version of the file, and an event an epoch
    assert version.worker == training_log.worker_name()
    epochs = [line for line in training_log.last_lines(version) if " epoch " in line]
    assert ["epoch 1 of 2" in epochs[0], "epoch 2 of 2" in epochs[1]] == [True, True]
    assert 0 <= version.metrics["auc"] <= 1
    assert version.metrics["shoppers"] == 6
    assert 0 <= version.metrics["calibration error"] <= 1
    assert sum(count for _, _, count in version.metrics["reliability"]) > 6  # what was taken and what was drawn
    slope, _, highest = version.match_curves["taken"]
    assert slope >= 0 and 0.5 <= highest < 1
    assert set(version.taste) == {"mean", "precision"}
    shopper = ShopperVector.objects.first().shopper
    assert recommend.for_shopper(shopper, RecommendationQuery()).strategy == "personal"


def test_what_was_held_out_to_evaluate_a_version_is_learned_before_it_serves(shop):
    version = training.run(lifecycle.register("dvbpr", epochs=2, here=True))
    trained = checkpoints.load(version.folder).user_vectors().numpy()
    shoppers = sorted(ShopperVector.objects.filter(version=version).values_list("shopper", flat=True))

    for shopper, taste in zip(shoppers, trained, strict=True):
        latest = Interaction.objects.filter(shopper=shopper).order_by("occurred_at").last()
        vector = nearest.vectors_of(version, [latest.product_id])[latest.product_id]
        served = nearest.trained_taste(version, Shopper.objects.get(pk=shopper))
        assert served @ vector > taste @ vector


def test_a_version_that_asks_for_categories_is_told_the_shops(shop):
    shop[1].category = CategoryFactory(name="Boots")
    shop[1].save(update_fields=["category"])

    version = training.run(lifecycle.register("deepstyle", method_settings={"factors": "8"}, epochs=1, here=True))

    model, items = embedding.load_model(version.folder)
    category = [int(model.category[items[product.pk]]) for product in shop]
    assert category[1] not in {category[0], *category[2:]} and len(set(category)) == 2


@pytest.mark.parametrize("method", ["vbpr", "hybrid"])
def test_a_product_uploaded_now_is_scored_with_its_text(shop, method):
    for product in shop:
        product.title = f"{'red' if product.pk % 2 else 'blue'} shoe"
        product.save()
    settings = {"text": "yes", "factors": "4"}
    version = training.run(lifecycle.register(method, method_settings=settings, epochs=1, here=True))
    names = ("red shoe", "blue shoe", "red shoe", "")
    new = [ProductFactory(image=7, title=title, category=shop[0].category) for title in names]

    embedding.embed_later(version.pk, [product.images.get().pk for product in new])

    red, blue, again, nameless = (nearest.vectors_of(version, [product.pk])[product.pk] for product in new)
    assert red == pytest.approx(again, abs=1e-6)
    assert abs(red - blue).max() > 1e-4 and abs(red - nameless).max() > 1e-4


def interrupted(monkeypatch, method: str, epochs: int) -> ModelVersion:
    """A version whose training was interrupted before its last epoch."""
    version = lifecycle.register(method, epochs=epochs, seed=5, here=True)
    follow = lifecycle.follow

    def interrupt(version, *, stage, done=0, **fields):
        follow(version, stage=stage, done=done, **fields)
        if (stage, done) == ("training", epochs - 1):
            raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "follow", interrupt)
    with pytest.raises(KeyboardInterrupt):
        training.run(version)
    monkeypatch.undo()
    return version


def test_an_interrupted_training_goes_on_where_it_was(shop, monkeypatch):
    whole = training.run(lifecycle.register("dvbpr", epochs=3, seed=5, here=True))
    version = interrupted(monkeypatch, "dvbpr", 3)
    assert ModelVersion.objects.get(pk=version.pk).state == "interrupted"

    resumed = training.run(lifecycle.claim(version.pk, here=True))

    resumed.refresh_from_db()
    whole.refresh_from_db()
    assert resumed.metrics["losses"] == whole.metrics["losses"]
    vectors = [
        list(ImageEmbedding.objects.filter(version=v).order_by("image").values_list("vector", flat=True))
        for v in (whole, resumed)
    ]
    assert vectors[0] == vectors[1]


def test_an_interrupted_training_goes_on_with_what_it_began_with_whatever_comes_and_goes(shop, monkeypatch):
    whole = training.run(lifecycle.register("bpr-mf", epochs=2, seed=5, here=True))
    version = interrupted(monkeypatch, "bpr-mf", 2)
    lost, *rest = Shopper.objects.order_by("pk")
    pk = lost.pk
    lost.delete()
    InteractionFactory(shopper=ShopperFactory(pk=pk), product=ProductFactory(category=CategoryFactory(name="New")))
    InteractionFactory(shopper=ShopperFactory(), product=shop[0])

    training.run(lifecycle.claim(version.pk, here=True))

    def tastes(version, shoppers) -> list:
        found = ShopperVector.objects.filter(version=version, shopper__in=shoppers)
        return list(found.order_by("shopper").values_list("shopper", "vector"))

    assert tastes(version, Shopper.objects.all())[-5:] == tastes(whole, rest)


def test_an_interrupted_training_begins_anew_without_a_product_that_has_gone(shop, monkeypatch):
    version = interrupted(monkeypatch, "bpr-mf", 2)
    products.delete([shop[0]])

    training.run(lifecycle.claim(version.pk, here=True))

    version.refresh_from_db()
    assert (version.state, [each["epoch"] for each in version.metrics["losses"]]) == ("ready", [1, 2])
    assert json.loads((version.folder / embedding.PRODUCTS_FILE).read_text()) == [product.pk for product in shop[1:]]


def expire(version) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_whoever_was_overtaken_in_mid_epoch_stops_there_and_changes_nothing(shop, monkeypatch):
    first = lifecycle.register("dvbpr", epochs=3, seed=5, here=True)
    check, done = lifecycle.check, []

    def stand_still(version):
        if not done and version.progress["done"] == 1:
            done.append("begun")
            expire(version)
            training.run(lifecycle.claim(version.pk, here=True))
            done.append(files_of(version))
        check(version)

    monkeypatch.setattr(training, "CHECK_SECONDS", 0)
    monkeypatch.setattr(lifecycle, "check", stand_still)
    with pytest.raises(TrainingCancelled, match="another process's"):
        training.run(first)

    first.refresh_from_db()
    assert (first.state, [entry["epoch"] for entry in first.metrics["losses"]]) == ("ready", [1, 2, 3])
    assert files_of(first) == done[1]
    assert {file.name for file in done[1]} == {"config.json", "products.json", "weights.safetensors"}


def files_of(version) -> dict:
    """The files that a version serves by or is resumed from; not the log, which each process adds to."""
    records = (training_log.file_of(version), version.folder / training.EVENTS)
    files = (file for file in version.folder.rglob("*") if file.is_file())
    return {file: file.read_bytes() for file in files if not {file, *file.parents}.intersection(records)}


def test_whoever_wakes_too_late_writes_beside_the_one_that_took_over(shop, monkeypatch):
    first = lifecycle.register("dvbpr", epochs=3, seed=5, here=True)
    save_epoch, done = resume.Writer.save_epoch, []

    def stand_still(writer, state, folder):
        if not done and state.epoch == 2:
            done.append("begun")
            expire(first)
            training.run(lifecycle.claim(first.pk, here=True))
            done.append(files_of(first))
        save_epoch(writer, state, folder)

    monkeypatch.setattr(resume.Writer, "save_epoch", stand_still)
    with pytest.raises(TrainingCancelled, match="another process's"):
        training.run(first)

    assert ModelVersion.objects.get(pk=first.pk).state == "ready"
    assert files_of(first) == done[1]


def test_an_error_that_nobody_expected_is_saved_and_ends_the_training(shop, monkeypatch):
    def run_out(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(resume.State, "write", run_out)
    version = lifecycle.register("dvbpr", epochs=1, here=True)
    with pytest.raises(OSError, match="No space left"):
        training.run(version)

    version.refresh_from_db()
    assert (version.state, version.error, version.lease_until) == ("failed", "No space left on device", None)


@pytest.mark.parametrize("here", [False, True])
def test_a_training_without_room_on_the_disk_is_tried_again_or_can_be_resumed(shop, monkeypatch, waiting, here):
    def run_out(version):
        raise OSError(errno.ENOSPC, "No space left on device", "pictures.npy")

    monkeypatch.setattr(training, "take_over", run_out)
    version = lifecycle.register("pixels", here=here)
    version = version if here else lifecycle.claim(version.pk)
    with pytest.raises(OSError, match="No space left"):
        training.run(version)

    found = ModelVersion.objects.get(pk=version.pk)
    assert (found.state, found.error) == (
        "interrupted" if here else "queued",
        "[Errno 28] No space left on device: 'pictures.npy'",
    )
    maintenance.resume_trainings()
    assert waiting("train") == []
    ModelVersion.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    maintenance.resume_trainings()
    assert waiting("train") == ([] if here else [("train_version", [version.pk])])
    assert lifecycle.claim(version.pk, here=here).error == ""


def test_a_database_that_is_away_does_not_end_a_training_for_good(shop, monkeypatch):
    def restart(version):
        raise OperationalError("the database system is starting up")

    monkeypatch.setattr(training, "CHECK_SECONDS", 0)
    monkeypatch.setattr(lifecycle, "check", restart)
    version = lifecycle.register("dvbpr", epochs=1, here=True)
    with pytest.raises(OperationalError):
        training.run(version)

    assert ModelVersion.objects.get(pk=version.pk).state == "training"
    monkeypatch.undo()
    expire(version)
    assert training.run(lifecycle.claim(version.pk, here=True)).state == "ready"


def test_epochs_whose_state_is_lost_are_trained_again_and_not_listed_twice(shop):
    version = lifecycle.register("dvbpr", epochs=2, here=True)
    version.metrics = {"losses": [{"epoch": 1, "all": 0.5}]}  # as restored from a backup

    training.run(version)

    assert [entry["epoch"] for entry in version.metrics["losses"]] == [1, 2]


def test_too_little_to_learn_from_fails_with_the_reason(db):
    version = lifecycle.register("dvbpr", here=True)

    with pytest.raises(TrainingFailed, match="0 shoppers"):
        training.run(version)

    version.refresh_from_db()
    assert version.state == "failed"
    assert "a training needs at least" in version.error


def test_a_bad_setting_fails_with_its_name(shop):
    version = lifecycle.register("dvbpr", method_settings={"dimensions": "many"}, here=True)

    with pytest.raises(TrainingFailed, match="dimensions"):
        training.run(version)


def test_vectors_that_no_index_takes_are_refused_before_anything_is_trained(shop):
    settings = {"dimensions": 0, "weights": "none.pt"}
    version = lifecycle.register("timm:resnet50", method_settings=settings, here=True)

    with pytest.raises(TrainingFailed, match="a vector would have 2048 numbers, and an index takes at most 2000"):
        training.run(version)


def test_pictures_that_cannot_be_read_are_left_out_and_named(shop):
    images = [product.images.get() for product in shop]
    Path(images[3].file.path).unlink()
    readings.begin([images[5].pk])  # its reader died

    version = training.run(lifecycle.register("pixels", activate=True, here=True))

    assert version.metrics["warnings"] == [
        f"1 pictures are left out: {images[3]} cannot be read: {Path(images[3].file.name).name}:"
        " No such file or directory"
    ]
    assert ModelVersion.objects.get().state == "active"
    assert ImageEmbedding.objects.filter(version=version).count() == len(shop) - 1


def test_a_shop_of_which_hardly_any_picture_can_be_read_trains_nothing(shop):
    for product in shop[:-5]:
        Path(product.images.get().file.path).unlink()

    with pytest.raises(TrainingFailed, match="5 of 20 pictures can be read: 15 pictures are left out: .*; and others"):
        training.run(lifecycle.register("pixels", here=True))


def test_a_picture_uploaded_while_it_trains_is_embedded_before_it_serves(shop, monkeypatch):
    finish, late = lifecycle.finish, []

    def upload_then_finish(version):
        late.append(ProductFactory(image=99))
        finish(version)

    monkeypatch.setattr(lifecycle, "finish", upload_then_finish)
    version = training.run(lifecycle.register("pixels", activate=True, here=True))

    assert ModelVersion.objects.get(pk=version.pk).state == "active"
    assert ImageEmbedding.objects.filter(version=version, product=late[0]).exists()


def test_a_version_whose_worker_is_lost_before_it_serves_is_activated_by_another(shop, monkeypatch, waiting):
    def lose(version):
        raise OperationalError("deadlock detected")

    monkeypatch.setattr(training, "embed_rest_and_activate", lose)
    with pytest.raises(OperationalError):
        training.run(lifecycle.register("pixels", activate=True, here=True))
    version = ModelVersion.objects.get()
    assert version.state == "ready" and version.activation_requested_at

    maintenance.resume_activations()
    assert waiting("embed") == [("complete_version", [version.pk])]
    embedding.complete(version.pk)

    version.refresh_from_db()
    assert (version.state, version.activation_requested_at) == ("active", None)


def test_the_first_epoch_is_told_of_when_it_begins(shop, monkeypatch):
    follow, told = lifecycle.follow, []

    def listen(version, *, stage, done=0, **fields):
        told.append((stage, done))
        follow(version, stage=stage, done=done, **fields)

    monkeypatch.setattr(lifecycle, "follow", listen)
    training.run(lifecycle.register("dvbpr", epochs=2, here=True))

    assert told[:4] == [("reading the catalogue", 0), ("training", 0), ("training", 1), ("training", 2)]


def test_the_products_file_maps_items_to_products(shop):
    version = training.run(lifecycle.register("dvbpr", epochs=1, here=True))

    assert json.loads((version.folder / embedding.PRODUCTS_FILE).read_text()) == sorted(p.pk for p in shop)


def test_a_similarity_version_is_measured_against_labels_and_against_people(active):
    shoes, bags = placed(active, *range(0, 24, 2)), placed(active, *range(90, 114, 2), category__name="Bags")
    for group in (shoes, bags):
        for begin in range(0, 12, 2):
            visit(group[begin : begin + 2])

    measured = training.measure_similar(active)

    names = {"precision@5/category", "map/category", "auc/looked at together", "recall@10/looked at together"}
    assert names == measured["intervals"].keys() == measured.keys() - {"intervals"}
    assert measured["auc/looked at together"] > 0.9
