import os
from datetime import timedelta

import pglock
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from catalog import files, interactions, products
from recommender import leases
from recommender.designs import lifecycle
from recommender.designs.lifecycle import GeneratedImage
from recommender.errors import (
    CategoryNotLearned,
    DesignCancelled,
    DesignNotReady,
    NoActiveVersion,
    TooLittleHistory,
    TooManyDesigns,
)
from recommender.models import Design, DesignImage
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory, embed, image_bytes
from tests.recommender.locks import held_elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def design(ada, generator) -> Design:
    return lifecycle.request(ada, CategoryFactory(name="Shoes"), count=2)


def finished(design: Design) -> Design:
    """As if a worker had made it."""
    claimed = lifecycle.claim(design.pk)
    pictures = [GeneratedImage(DesignImage.Kind.DESIGN, image_bytes(seed), 1.0 - seed, 0.9) for seed in range(2)]
    lifecycle.finish(claimed, pictures)
    return Design.objects.get(pk=design.pk)


def files_of(design: Design) -> list[str]:
    return sorted(default_storage.listdir(design.folder)[1]) if default_storage.exists(design.folder) else []


def test_a_request_is_queued_once_it_stands(ada, generator, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as queued:
        design = lifecycle.request(ada, CategoryFactory(name="Shoes"), count=3, eta=0.1)

    assert (design.status, design.count, design.eta) == ("queued", 3, 0.1)
    assert len(queued) == 1
    assert design.seed != lifecycle.request(ada, design.category).seed


def test_without_a_generator_or_a_personal_version_there_is_no_request(active_personal, generator):
    shopper = ShopperFactory()
    generator.delete()
    with pytest.raises(NoActiveVersion, match="active for designs"):
        lifecycle.request(shopper, CategoryFactory(name="Shoes"))
    active_personal.delete()
    assert not Design.objects.exists()


def test_a_category_that_the_generator_has_not_learnt_is_named_with_those_it_has(ada, generator):
    with pytest.raises(CategoryNotLearned, match="no Bags can be generated: lsgan 1 has learned Shoes"):
        lifecycle.request(ada, CategoryFactory(name="Bags"))


def test_a_taste_that_is_hardly_known_is_refused_with_what_it_needs(active_personal, generator):
    shopper = ShopperFactory(key="bob")
    for kind in ("like", "dislike"):
        product = ProductFactory()
        embed(product, active_personal, [1, 0])
        InteractionFactory(shopper=shopper, product=product, kind=kind)

    with pytest.raises(TooLittleHistory, match="5 products that were liked, bought or looked at are needed, .* is 1"):
        lifecycle.request(shopper, CategoryFactory(name="Shoes"))


def test_only_so_many_wait_and_only_so_many_are_made_an_hour(ada, generator, settings):
    settings.DESIGNS_PENDING, settings.DESIGNS_PER_HOUR = 2, 3
    shoes = CategoryFactory(name="Shoes")
    first = lifecycle.request(ada, shoes)
    lifecycle.request(ada, shoes)
    with pytest.raises(TooManyDesigns, match="2 designs are still being made"):
        lifecycle.request(ada, shoes)

    lifecycle.cancel(first)
    third = lifecycle.request(ada, shoes)
    lifecycle.cancel(third)
    Design.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(minutes=50))
    with pytest.raises(TooManyDesigns, match="the limit of 3 designs an hour is reached") as refused:
        lifecycle.request(ada, shoes)

    assert 590 < refused.value.wait <= 600
    Design.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(minutes=61))
    assert lifecycle.request(ada, shoes).status == "queued"


def test_of_two_requests_of_one_shopper_at_once_the_second_waits(ada, generator):
    with held_elsewhere(f"recommender.designs.limits.{ada.pk}"), pglock.timeout(seconds=0.1):
        with pytest.raises(OperationalError, match="lock timeout"):
            lifecycle.request(ada, CategoryFactory(name="Shoes"))
        lifecycle.check_limits(ShopperFactory())  # another shopper need not wait

    assert not Design.objects.exists()


def test_a_design_is_one_worker_s_until_its_lease_ends(design):
    held = lifecycle.claim(design.pk)
    with pytest.raises(DesignNotReady, match="is running"):
        lifecycle.claim(design.pk)

    Design.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    other = lifecycle.claim(design.pk)

    lifecycle.follow(other, 0.5)
    with pytest.raises(DesignCancelled):
        lifecycle.follow(held, 0.9)
    with pytest.raises(DesignCancelled):
        lifecycle.finish(held, [])
    assert Design.objects.get().progress == 0.5


def test_a_design_that_takes_its_workers_with_it_is_given_up(design):
    for _ in range(lifecycle.TRIES):
        lifecycle.claim(design.pk)
        Design.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    with pytest.raises(DesignNotReady, match="has failed: 3 workers were lost"):
        lifecycle.claim(design.pk)

    design.refresh_from_db()
    assert (design.status, design.error[:30]) == ("failed", "its worker was lost 3 times; t")


def test_a_worker_that_hands_its_design_over_is_not_counted_as_lost(design):
    for _ in range(lifecycle.TRIES + 1):
        held = lifecycle.claim(design.pk)
        lifecycle.release(held)

    again = lifecycle.claim(design.pk)
    assert (again.tries, again.claims) == (1, lifecycle.TRIES + 2)
    with pytest.raises(DesignCancelled):
        lifecycle.follow(held, 0.5)
    assert not lifecycle.renew(held) and lifecycle.renew(again)


def test_what_is_finished_has_its_pictures_and_is_not_made_again(design):
    done = finished(design)

    assert (done.status, done.progress, done.lease_until) == ("done", 1.0, None)
    assert files_of(done) == ["00.png", "01.png"]
    assert [image.score for image in done.images.all()] == [1.0, 0.0]
    assert str(done.pk) not in done.folder
    with pytest.raises(DesignNotReady, match="is done"):
        lifecycle.claim(design.pk)
    with pytest.raises(DesignNotReady, match="only what is not finished"):
        lifecycle.cancel(done)


def test_a_cancelled_design_is_given_up_by_its_worker(design):
    claimed = lifecycle.claim(design.pk)
    lifecycle.cancel(design)

    with pytest.raises(DesignCancelled):
        lifecycle.follow(claimed, 0.5)
    with pytest.raises(DesignCancelled):
        lifecycle.finish(claimed, [GeneratedImage(DesignImage.Kind.DESIGN, image_bytes(), 1.0, 1.0)])

    assert Design.objects.get().status == "cancelled"
    assert files_of(design) == []


@pytest.mark.parametrize("what", ["design", "shopper", "history", "product", "category"])
def test_pictures_go_with_whatever_their_design_goes_with(ada, design, what, django_capture_on_commit_callbacks):
    done = finished(design)
    if what == "product":
        Design.objects.update(product=ada.interactions.first().product, budget=0.1)
    with django_capture_on_commit_callbacks(execute=True):
        if what == "design":
            assert lifecycle.delete(Design.objects.filter(pk=done.pk)) == 1
        elif what == "shopper":
            ada.delete()
        elif what == "history":
            interactions.delete_history(ada)
        elif what == "product":
            products.delete([ada.interactions.first().product])
        else:
            done.category.products.all().delete()
            done.category.delete()

    assert not Design.objects.exists()
    assert not default_storage.exists(done.folder)


def test_old_pictures_expire_and_very_old_rows_go(ada, design, settings, django_capture_on_commit_callbacks):
    settings.DESIGN_DAYS = 10
    old, young = finished(design), finished(lifecycle.request(ada, design.category))
    Design.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=11))

    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.expire()

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.status, files_of(old), old.images.count()) == ("expired", [], 0)
    assert (young.status, len(files_of(young))) == ("done", 2)

    Design.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=21))
    lifecycle.expire()
    assert list(Design.objects.all()) == [young]


def test_folders_of_images_that_no_design_has_are_removed(ada, design, settings):
    done, failed = finished(design), lifecycle.request(ada, design.category)
    young = lifecycle.request(ada, design.category)
    for each in (failed, young):
        default_storage.save(f"{each.folder}/00.png", ContentFile(image_bytes()))
    for each in (done, failed):
        os.utime(default_storage.path(each.folder), (0, 0))

    assert sum(lifecycle.remove_unnamed(shard) for shard in files.SHARDS) == 1

    assert [len(files_of(each)) for each in (done, failed, young)] == [2, 0, 1]


def test_an_old_design_that_a_worker_claims_meanwhile_does_not_expire(
    design, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.DESIGN_DAYS = 10
    Design.objects.update(created_at=timezone.now() - timedelta(days=11))
    default_storage.save(f"{design.folder}/0.png", ContentFile(image_bytes()))
    DesignImage.objects.create(design=design, position=0, kind=DesignImage.Kind.DESIGN, score=1.0, realism=1.0)
    release, claimed = leases.release, []

    def claim_then_release(rows, **changes):
        claimed.append(lifecycle.claim(design.pk))
        return release(rows, **changes)

    monkeypatch.setattr(leases, "release", claim_then_release)
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.expire()

    assert Design.objects.get().status == "running"
    assert (design.images.count(), len(files_of(design))) == (1, 1)
    lifecycle.follow(claimed[0], 0.5)


def test_the_sweep_sends_what_nobody_answers_for(ada, design, django_capture_on_commit_callbacks):
    lost = lifecycle.claim(lifecycle.request(ada, design.category).pk)
    held = lifecycle.claim(lifecycle.request(ada, design.category).pk)
    Design.objects.exclude(pk=held.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    with django_capture_on_commit_callbacks() as sent:
        lifecycle.resend_unclaimed()
    assert len(sent) == 2

    with django_capture_on_commit_callbacks() as again:
        lifecycle.resend_unclaimed()
    assert len(again) == 1  # the queued one's message is trusted for a while
    assert lifecycle.claim(lost.pk).tries == 2


def test_a_removed_design_is_out_of_sight_and_still_counts_for_an_hour(
    ada, design, settings, django_capture_on_commit_callbacks
):
    settings.DESIGNS_PER_HOUR = 2
    done = finished(design)
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.cancel_or_remove(done)

    assert not lifecycle.designs_of(ada).exists() and not DesignImage.objects.exists()
    assert not default_storage.exists(done.folder)

    lifecycle.request(ada, design.category)
    with pytest.raises(TooManyDesigns, match="the limit of 2 designs an hour is reached"):
        lifecycle.request(ada, design.category)

    Design.objects.filter(pk=done.pk).update(created_at=timezone.now() - timedelta(minutes=61))
    lifecycle.expire()
    assert not Design.objects.filter(pk=done.pk).exists()


def test_removing_a_design_stops_its_worker(design):
    claimed = lifecycle.claim(design.pk)

    lifecycle.remove(design)

    with pytest.raises(DesignCancelled):
        lifecycle.follow(claimed, 0.5)
