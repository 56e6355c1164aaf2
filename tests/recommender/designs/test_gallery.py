import pytest

from recommender.designs import gallery
from recommender.models import Design, DesignImage
from tests.factories import CategoryFactory, ShopperFactory, VersionFactory, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def design(active) -> Design:
    """Two images whose embeddings lie at 0 and 90 degrees."""
    shoes = CategoryFactory(name="Shoes")
    design = Design.objects.create(shopper=ShopperFactory(), category=shoes, count=2, embedding_version=active)
    for position, degrees in enumerate((0, 90)):
        DesignImage.objects.create(design=design, position=position, score=0.0, realism=1.3, embedding=turned(degrees))
    return design


def test_each_image_has_the_products_nearest_to_it_and_all_have_them_together(active, design):
    products = placed(active, 5, 15, 25, 35, 80)
    placed(active, 1, category=CategoryFactory(name="Bags"))
    placed(active, 1, is_hidden=True)
    placed(active, 1, in_stock=False)

    found = gallery.build_gallery(design)

    assert [image.image.position for image in found.images] == [0, 1]
    assert found.images[0].nearest == products[:3]
    assert found.images[1].nearest[0] == products[4]
    assert set(found.nearest) == set(products)


def test_a_tailored_product_is_not_offered_itself(active, design):
    own, other = placed(active, 0, 10)
    Design.objects.filter(pk=design.pk).update(product=own, budget=0.1)
    design.refresh_from_db()
    design.images.filter(position=0).update(kind="original")

    found = gallery.build_gallery(design)

    assert found.images[0].nearest == [other]
    assert found.nearest == [other]


def test_without_embeddings_there_are_images_and_no_products(active, design):
    placed(active, 0)
    design.images.update(embedding=None)
    assert [image.nearest for image in gallery.build_gallery(design).images] == [[], []]

    design.embedding_version = None

    assert gallery.nearest_by_position(design) == {}


def test_scores_are_shown_as_probabilities_and_realism_within_0_and_1(design):
    first = gallery.build_gallery(design).images[0]

    assert (first.score, first.realism) == (0.5, 1.0)
    first.image.score, first.image.realism = -1e6, -0.2
    assert (first.score, first.realism) == (pytest.approx(0.0), 0.0)


def test_a_chance_is_the_scorers_and_no_higher_than_among_its_products(design):
    assert gallery.build_gallery(design).images[0].probability is None
    design.scorer = VersionFactory(role="personal", metric="inner", match_curves={"taken": [1.0, -1.0, 0.9]})
    design.save()

    first, second = gallery.build_gallery(design).images
    second.image.score = 50.0

    assert first.probability == first.score == pytest.approx(0.269, abs=0.001)
    assert second.probability == second.score == 0.9


def test_queries_do_not_grow_with_the_images(active, design, django_assert_num_queries):
    placed(active, *range(0, 90, 10))
    for count in (2, 6):
        for position in range(design.images.count(), count):
            DesignImage.objects.create(
                design=design, position=position, score=0.0, realism=1.0, embedding=turned(15 * position)
            )
        with django_assert_num_queries(5):
            assert len(gallery.build_gallery(design).images) == count
