import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from catalog.models import ProductImage
from ml.generation import gaps as ml_gaps
from ml.generation.gaps import Embedded, Region
from recommender.designs import gap_reports
from recommender.versions import lifecycle as versions
from recommender.versions import queries
from recommender.workers import embedding, gaps, generation, training
from recommender.workers.gaps import CategoryProducts
from recommender.workers.generation import Trials
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory, image_bytes
from tests.recommender.locks import held_elsewhere

ADMIN = "/admin/recommender/design/demand-gaps/"


def test_a_gap_names_the_nearest_product_and_rounds_its_figures():
    images = Trials([b"a", b"b"], np.array([0.0, 0.98765]), Embedded(np.zeros((2, 2)), np.zeros((2, 2))))
    embedded = Embedded(np.zeros((3, 2)), np.zeros((3, 2)))
    products = CategoryProducts([1, 2, 3], ["P-1", "P-2", "P-3"], embedded, "euclidean")
    region = Region(image=1, shoppers=2, above_all=1, apart=0.95555, nearest=2, images=4)

    gap = gaps.describe_gap(region, "gap-01.png", images, products, CategoryFactory.build(name="shoes"))

    assert gap == gap_reports.Gap("shoes", "gap-01.png", 2, 1, 0.988, 0.956, "P-3", 4)


@pytest.fixture
def shop(db, monkeypatch):
    """Hardly trained versions of all three roles."""
    embedding.load_model.cache_clear()
    for name in ("RANDOM", "SEARCHED", "SEARCH_STEPS"):
        monkeypatch.setattr(generation, name, 4)
    shoes = [ProductFactory(image=seed) for seed in range(20)]
    for number in range(3):
        shopper = ShopperFactory(key=f"s{number}")
        for product in shoes[number * 5 : number * 5 + 8]:
            InteractionFactory(shopper=shopper, product=product)
    for method, told in {"pixels": {}, "dvbpr": {}, "lsgan": {"width": 4}}.items():
        version = versions.register(method, method_settings=told, epochs=1, activate=True, here=True)
        training.run(version)
    return version


def test_the_command_reports_and_copies(shop, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ml_gaps, "TOP", 0.0)  # whatever is better than the worst product
    monkeypatch.setattr(ml_gaps, "APART", 0.0)

    call_command("demand_gaps", category="shoes", out=tmp_path / "out", verbosity=0)

    report = json.loads((tmp_path / "out" / "gaps.json").read_text())
    assert report["shoppers"] == 3 and report["gaps"]
    assert report["gaps"][0]["category"] == "Shoes"
    assert f"{len(report['gaps'])} gaps, by prediction alone" in capsys.readouterr().out
    with Image.open(tmp_path / "out" / report["gaps"][0]["file"]) as picture:
        assert picture.size == (64, 64)
    assert (tmp_path / "out" / "gaps.png").exists()
    assert gap_reports.load(shop).gaps[0].file == "gap-01.png"


def test_each_product_is_held_against_its_own_copy(shop):
    shoes, eyes = CategoryFactory(name="Shoes"), queries.active_or_raise("similar")
    products = CategoryProducts.load(shoes, queries.active_or_raise("personal"), eyes)

    near = gaps.reconstruction_distances(shop, eyes, shoes, products)

    images = [ProductImage.objects.get(product=product) for product in products.ids]
    embeddings = generation.reconstruct_products(shop, eyes, shoes, images)
    expected = [
        ml_gaps.distances(embedding[None], own[None], products.metric)
        for embedding, own in zip(embeddings, products.embedded.embeddings, strict=True)
    ]
    assert near == pytest.approx(np.concatenate(expected)[:, 0], abs=1e-4)
    assert near.shape == (20,) and (near > 0).all()


@pytest.mark.django_db
def test_the_command_names_what_lacks(active_personal):
    with pytest.raises(CommandError, match="no category 'hats'"):
        call_command("demand_gaps", category="hats")
    with pytest.raises(CommandError, match="active for designs"):
        call_command("demand_gaps")


def test_a_folder_that_cannot_be_written_is_told_before_the_work(active_personal, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CommandError, match="file: File exists"):
        call_command("demand_gaps", out=tmp_path / "file")


def test_of_two_at_once_one_is_refused_and_a_third_may_follow(admin_client, generator):
    with held_elsewhere(gap_reports.LOCK):
        with pytest.raises(CommandError, match="already"):
            call_command("demand_gaps")
        page = admin_client.get(ADMIN).content.decode()
        assert gap_reports.is_search_running()
        assert "A worker is searching now." in page and 'type="submit" value="Search' not in page

    assert not gap_reports.is_search_running()
    assert 'type="submit" value="Search"' in admin_client.get(ADMIN).content.decode()
    for _ in range(2):
        with pytest.raises(CommandError, match="active for personal"):
            call_command("demand_gaps")


def test_the_admin_shows_the_last_report_and_has_a_worker_look_anew(admin_client, generator):
    assert "There is no report yet" in admin_client.get(ADMIN).content.decode()
    folder = gap_reports.folder_of(generator)
    folder.mkdir(parents=True)
    (folder / "gap-01.png").write_bytes(image_bytes())
    product = ProductFactory()
    gap = gap_reports.Gap("shoes", "gap-01.png", 7, 2, 0.9, 0.8, product.sku, 5)
    gap_reports.save(gap_reports.Report("lsgan 1", "hybrid 1", "2026-01-01T00:00:00Z", 30, [gap], ["shoes"]), folder)

    page = admin_client.get(ADMIN).content.decode()

    assert "1 found on 1 Jan 2026, 00:00 in shoes. Generator: lsgan 1." in page
    assert "Shoes: 7 of 30" in page and "These are predictions" in page
    assert product.get_absolute_url() in page
    assert admin_client.get(f"{ADMIN}0/").content == image_bytes()
    assert admin_client.get(f"{ADMIN}1/").status_code == 404
    assert "A worker starts the search" in admin_client.post(ADMIN, follow=True).content.decode()


def test_without_a_generator_the_admin_says_so(admin_client):
    assert "no active generator" in admin_client.get(ADMIN).content.decode()
    assert "The search cannot start" in admin_client.post(ADMIN, follow=True).content.decode()
