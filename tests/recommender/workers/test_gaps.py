import numpy as np
import pytest

from catalog.models import ProductImage
from ml.generation import gaps as ml_gaps
from ml.generation.gaps import Embedded, Region
from recommender.designs import gap_reports
from recommender.versions import queries
from recommender.workers import gaps, generation
from recommender.workers.gaps import CategoryProducts
from recommender.workers.generation import Trials
from tests.factories import CategoryFactory


def test_a_gap_names_the_nearest_product_and_rounds_its_figures():
    images = Trials([b"a", b"b"], np.array([0.0, 0.98765]), Embedded(np.zeros((2, 2)), np.zeros((2, 2))))
    embedded = Embedded(np.zeros((3, 2)), np.zeros((3, 2)))
    products = CategoryProducts([1, 2, 3], ["P-1", "P-2", "P-3"], embedded, "euclidean")
    region = Region(image=1, shoppers=2, above_all=1, apart=0.95555, nearest=2, images=4)

    gap = gaps.describe_gap(region, "gap-01.png", images, products, CategoryFactory.build(name="shoes"))

    assert gap == gap_reports.Gap("shoes", "gap-01.png", 2, 1, 0.988, 0.956, "P-3", 4)


def test_each_product_is_held_against_its_own_copy(trained_shop):
    shoes, eyes = CategoryFactory(name="Shoes"), queries.active_or_raise("similar")
    products = CategoryProducts.load(shoes, queries.active_or_raise("personal"), eyes)

    near = gaps.reconstruction_distances(trained_shop, eyes, shoes, products)

    images = [ProductImage.objects.get(product=product) for product in products.ids]
    embeddings = generation.reconstruct_products(trained_shop, eyes, shoes, images)
    expected = [
        ml_gaps.compute_distances(embedding[None], own[None], products.metric)
        for embedding, own in zip(embeddings, products.embedded.embeddings, strict=True)
    ]
    assert near == pytest.approx(np.concatenate(expected)[:, 0], abs=1e-4)
    assert near.shape == (20,) and (near > 0).all()
