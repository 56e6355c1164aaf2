import csv
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from catalog import interactions
from catalog.demo import CatalogWriter
from catalog.demo.simulation import shop
from catalog.models import Interaction, Product, ProductImage, Shopper
from recommender.errors import TrainingRefused
from recommender.models import ModelVersion
from recommender.versions import lifecycle
from recommender.workers import embedding, photo_calibration, training
from tests.factories import InteractionFactory, ShopperFactory, VersionFactory, image_bytes
from tests.internet import response_of
from visrec_site.stages import (
    DemoError,
    Options,
    begin_drawing,
    ensure_queued,
    ensure_started,
    fill_shop,
    resend_trainings,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(tmp_path, settings, monkeypatch) -> Path:
    """Twenty products in a table, and a place for the demo's marks."""
    settings.VAR = tmp_path / "var"
    monkeypatch.setattr(photo_calibration, "TRIALS", 2)  # all of them take longer than the rest of these trainings
    embedding.load_model.cache_clear()
    rows = [["sku", "title", "category", "price", "image"]]
    for n in range(20):
        (tmp_path / f"{n}.png").write_bytes(image_bytes(n))
        rows.append([f"P-{n:02}", f"Thing {n}", f"Things {n % 2}", "9.90", f"{n}.png"])
    with (tmp_path / "products.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path / "products.csv"


def options(source: Path | None, limit: int | None = None) -> Options:
    return Options(8000, source, None, limit)


def events() -> int:
    return Interaction.objects.count()


def test_a_source_is_brought_once(source, capsys):
    first = fill_shop(options(source))
    before = events()

    assert fill_shop(options(source)) == first
    assert fill_shop(options(None)) == first  # the shop is not empty: nothing is drawn
    assert (Product.objects.count(), events()) == (20, before)
    assert capsys.readouterr().out.count("products:") == 1


def test_products_are_drawn_from_the_start_on_for_a_shop_that_has_none(source, monkeypatch):
    monkeypatch.setattr("catalog.demo.CatalogWriter", partial(CatalogWriter, products=24, shoppers=5))
    assert begin_drawing(options(source)) is None
    assert begin_drawing(replace(options(None), is_empty=True)) is None

    filled = fill_shop(options(None), begin_drawing(options(None)))

    assert Product.objects.count() == 24
    assert events() > 24
    assert begin_drawing(options(None)) is None
    assert fill_shop(options(None)) == filled


def test_a_file_that_was_written_anew_is_brought_again(source, capsys):
    fill_shop(options(source))
    with source.open("a", newline="") as file:
        csv.writer(file).writerow(["P-20", "Thing 20", "Things 0", "9.90", "0.png"])

    fill_shop(options(source))

    assert "1 created, 0 updated, 20 unchanged" in capsys.readouterr().out


def test_a_source_of_which_nothing_can_be_imported_is_refused_and_read_again(source):
    rows = source.read_text()
    source.write_text(rows.replace("9.90", "cheap"))
    with pytest.raises(DemoError, match=r"nothing of .*products.csv was imported\. .*products.csv line 2: price"):
        fill_shop(options(source))

    source.write_text(rows)
    fill_shop(options(source))

    assert Product.objects.count() == 20


def test_images_by_url_are_there_before_a_training(source, internet):
    rows = [f"U-{n},Thing,Things,9.90,http://img.example/{n}.png" for n in range(3)]
    source.write_text("\n".join(["sku,title,category,price,image", *rows]))
    internet.responses = [response_of(image_bytes(n)) for n in range(3)]

    fill_shop(options(source))

    assert ProductImage.objects.count() == 3


def test_what_an_import_of_interactions_assumed_is_printed(source, tmp_path, capsys):
    (tmp_path / "events.csv").write_text(
        "customer_id,sku,kind,timestamp\nada,P-01,view,2026-01-02\nada,P-99,view,2026-01-02\n"
    )

    fill_shop(replace(options(source), interactions=tmp_path / "events.csv"))

    printed = capsys.readouterr().out
    assert "1 accepted, 0 known, 1 failed; such as events.csv line 3: There is no product 'P-99'." in printed
    assert "Note: columns were read as others: customer_id -> user" in printed


def test_a_shop_that_is_to_be_empty_stays_empty(source):
    begun = fill_shop(replace(options(None), is_empty=True))

    assert fill_shop(options(None)) == begun
    assert not Product.objects.exists() and not events()


def test_more_of_a_source_gives_the_simulated_shoppers_one_history_and_keeps_what_people_did(source):
    fill_shop(options(source, limit=12))
    shopper = Shopper.objects.filter(is_simulated=True).first()
    InteractionFactory(shopper=shopper, product=Product.objects.first(), kind="like")

    fill_shop(options(source))

    ids = list(Interaction.objects.exclude(event_id="").values_list("event_id", flat=True))
    assert len(ids) == len(set(ids)) == events() - 1
    assert Interaction.objects.filter(product__sku="P-19").exists()


def test_the_simulated_shoppers_of_a_catalogue_have_an_eye_for_its_pictures(source, tmp_path):
    fill_shop(options(source))
    before = set(Interaction.objects.values_list("shopper__key", "product__sku"))
    again = tmp_path / "again"
    again.mkdir()
    shutil.copy(source, again)
    for n in range(20):
        (again / f"{n}.png").write_bytes(image_bytes(100 + n))

    fill_shop(options(again / "products.csv"))

    after = set(Interaction.objects.values_list("shopper__key", "product__sku"))
    assert {shopper for shopper, _ in after} == {shopper for shopper, _ in before}
    assert after != before


def test_a_fill_that_was_interrupted_is_ended_by_the_next_run(source, monkeypatch):
    def interrupt(population, progress) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shop, "simulate_shoppers", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fill_shop(options(source))
    monkeypatch.undo()
    trained_in_between = lifecycle.register("pixels")

    filled = fill_shop(options(source))

    assert events() > 0
    assert filled < trained_in_between.created_at


def train_queued() -> None:
    """Do as the worker of trainings does."""
    for version in ModelVersion.objects.filter(state="queued").order_by("pk"):
        training.run_queued(version.pk)


def states() -> list[tuple[str, str]]:
    return list(ModelVersion.objects.order_by("pk").values_list("method", "state"))


def test_a_starter_serves_at_once_and_until_what_a_worker_trains_is_ready(source):
    filled = fill_shop(options(source))
    for _ in range(2):
        for role, method in (("similar", "pixels"), ("personal", "bpr-mf")):
            ensure_started(role)
            ensure_queued(role, method, filled)

    assert states() == [
        ("hog+histogram", "active"),
        ("pixels", "queued"),
        ("popularity", "active"),
        ("bpr-mf", "queued"),
    ]
    assert all(ModelVersion.objects.filter(state="queued").values_list("by_worker", "activate_when_ready"))
    train_queued()
    ensure_started("similar")
    ensure_queued("similar", "pixels", filled)
    assert states()[:2] == [("hog+histogram", "retired"), ("pixels", "active")]
    assert ModelVersion.objects.count() == 4
    chances = dict(ModelVersion.objects.values_list("method", "match_curves"))
    assert chances["pixels"] and not chances["hog+histogram"]  # to fit them would take longer than all the rest


def test_the_shop_s_models_are_trained_anew_when_it_was_filled_with_more(source):
    for _ in range(2):
        ensure_queued("similar", "pixels", fill_shop(options(source, limit=12)))
    train_queued()
    assert ModelVersion.objects.count() == 1

    filled = fill_shop(options(source))
    ensure_started("similar")
    ensure_queued("similar", "pixels", filled)

    assert states() == [("pixels", "active"), ("pixels", "queued")]  # the former one serves until then


def test_a_starter_that_was_interrupted_goes_on(source):
    fill_shop(options(source))
    interrupted = lifecycle.register("hog+histogram", activate=True, here=True)
    by_hand = lifecycle.register("hog+histogram", here=True)  # nobody asked for it to serve
    lifecycle.release(by_hand)

    ensure_started("similar")

    assert ModelVersion.objects.get(pk=interrupted.pk).state == "active"
    assert ModelVersion.objects.get(pk=by_hand.pk).state == "interrupted"
    assert ModelVersion.objects.count() == 2


def test_what_failed_is_tried_again_and_what_a_person_cancelled_or_chose_is_not(source):
    filled = fill_shop(options(source))
    ensure_queued("similar", "pixels", filled)
    ModelVersion.objects.update(state="failed")
    ensure_queued("similar", "pixels", filled)
    assert states() == [("pixels", "failed"), ("pixels", "queued")]

    ModelVersion.objects.filter(state="queued").update(state="cancelled")
    ensure_queued("similar", "pixels", filled)
    assert ModelVersion.objects.count() == 2

    ModelVersion.objects.all().delete()
    VersionFactory(method="hog", state="active")
    ensure_queued("similar", "pixels", filled)
    assert states() == [("hog", "active")]


def test_trainings_that_a_stop_interrupted_are_sent_again_in_their_order(source, waiting):
    claimed, queued = (lifecycle.register("pixels", activate=True) for _ in range(2))
    lifecycle.claim(claimed.pk)  # and its worker was killed
    by_hand = lifecycle.register("pixels", here=True)

    resend_trainings()

    assert waiting("train") == [("train_version", [claimed.pk]), ("train_version", [queued.pk])]
    assert lifecycle.claim(claimed.pk).state == "training"
    assert ModelVersion.objects.get(pk=by_hand.pk).lease_until is not None


@pytest.mark.parametrize(
    ("role", "limit", "reason"),
    [
        ("similar", 9, "the shop has 9 pictures; a training needs at least 10"),
        (
            "personal",
            9,
            "shoppers with interactions and 9 products with pictures; a training needs at least 2 and 10",
        ),
    ],
)
def test_a_shop_that_is_too_small_is_told_so_and_left_without_a_version(source, role, limit, reason):
    fill_shop(options(source, limit=limit))

    with pytest.raises(TrainingRefused, match=reason):
        ensure_started(role)

    assert not ModelVersion.objects.exists()


def test_a_generator_is_left_to_a_worker_once_for_whatever_the_shop_was_filled_with(source):
    filled = fill_shop(options(source, limit=12))
    for _ in range(2):
        ensure_queued("design", "lsgan", filled)
    first = ModelVersion.objects.get()
    assert (first.role, first.state, first.by_worker, first.activate_when_ready) == ("design", "queued", True, True)
    ModelVersion.objects.update(state="failed")

    ensure_queued("design", "lsgan", filled)
    assert ModelVersion.objects.count() == 1
    ensure_queued("design", "lsgan", fill_shop(options(source)))
    assert ModelVersion.objects.count() == 2


def test_only_simulated_doings_of_simulated_shoppers_are_forgotten(db):
    simulated, person = ShopperFactory(is_simulated=True), ShopperFactory()
    gone = InteractionFactory(shopper=simulated, event_id="sim-1")
    kept = [InteractionFactory(shopper=simulated), InteractionFactory(shopper=person, event_id="sim-1")]

    assert interactions.delete_simulated_interactions() == 1

    assert set(Interaction.objects.all()) == set(kept) and gone not in kept
