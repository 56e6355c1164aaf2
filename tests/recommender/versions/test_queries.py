from django.utils import timezone

from catalog.models import ProductImage
from recommender.experiments import lifecycle
from recommender.experiments.models import Arm
from recommender.models import ModelVersion
from recommender.versions import queries
from tests.factories import ProductFactory, VersionFactory, embed, turned
from tests.recommender.experiments.conftest import begin, draft


def test_the_serving_version_is_always_the_active_one_as_it_is_now(active, django_assert_num_queries):
    assert queries.serving_version("similar") == active
    with django_assert_num_queries(1):
        assert queries.serving_version("similar").good_match is None

    ModelVersion.objects.filter(pk=active.pk).update(good_match=0.25)
    assert queries.serving_version("similar").good_match == 0.25

    ModelVersion.objects.filter(pk=active.pk).update(state="retired")
    assert queries.serving_version("similar") is None
    other = VersionFactory(state="active")
    assert queries.serving_version("similar") == other


def test_a_personal_version_sees_each_product_s_first_picture_only(active_personal):
    product = ProductFactory()
    second = ProductImage.objects.create(product=product, position=1, file="b.png", width=1, height=1, content_hash="b")

    wanted = set(queries.images_of_version(active_personal))

    assert wanted == set(product.images.all()) - {second}


def test_images_without_embedding_are_those_this_version_lacks(active):
    seen, unseen = ProductFactory(), ProductFactory()
    embed(seen, active, turned(0))
    embed(unseen, VersionFactory(), turned(0))

    assert [image.product for image in queries.images_without_embedding(active)] == [unseen]


def test_findable_since_counts_only_the_active_version(active):
    found, waiting = ProductFactory(), ProductFactory()
    row = embed(found, active, turned(0))
    embed(waiting, VersionFactory(), turned(0))

    assert queries.findable_since([found, waiting]) == {found.pk: row.created_at}


def test_a_design_version_sees_no_pictures_and_is_not_embedded_with(db):
    ProductFactory()
    generator = VersionFactory(role="design", method="lsgan", state="active")

    assert not queries.images_of_version(generator).exists()
    assert not queries.images_without_embedding(generator).exists()
    assert generator not in queries.servable_versions()


def test_what_is_to_serve_is_in_training_for_it_or_waits_to_be_activated(active):
    first = VersionFactory(state="training", activate_when_ready=True)
    VersionFactory(state="training")
    VersionFactory(state="failed", activate_when_ready=True)
    VersionFactory(state="ready", activate_when_ready=True)  # another was activated in its place
    requested = VersionFactory(state="ready", activation_requested_at=timezone.now())
    design = VersionFactory(state="queued", activate_when_ready=True, method="lsgan", role="design")

    assert list(queries.to_serve()) == [first, requested, design]
    assert list(queries.to_serve("similar")) == [first, requested]


def test_versions_that_are_tried_serve_as_the_active_one_does(active):
    tried, drafted, _ = (VersionFactory() for _ in range(3))
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=tried))
    draft(Arm(name="A", share=50), Arm(name="B", share=50, version=drafted))
    assert set(queries.serving_versions()) == {active, tried}

    lifecycle.stop(experiment, "boss")

    assert set(queries.serving_versions()) == {active}
