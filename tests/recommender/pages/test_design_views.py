import re
import uuid

import pytest

from catalog.models import Shopper
from recommender.designs import lifecycle
from recommender.designs.lifecycle import GeneratedImage
from recommender.models import Design, DesignImage, ModelVersion
from tests.factories import (
    AccountFactory,
    CategoryFactory,
    ProductFactory,
    VersionFactory,
    clerk,
    embed,
    image_bytes,
    turned,
)

pytestmark = pytest.mark.django_db
PAGE = "/designs/"


@pytest.fixture
def hers(client, ada):
    """Ada's browser."""
    account = AccountFactory(username="ada")
    Shopper.objects.filter(pk=ada.pk).update(account=account)
    client.force_login(account)
    return client


def asked(client, **form) -> Design:
    answer = client.post(PAGE, form or {"category": CategoryFactory(name="Shoes").pk, "balance": 3})
    assert answer.status_code == 302, answer.content.decode()
    return Design.objects.get(pk=answer["Location"].split("/")[2])


def finished(design: Design, *pictures: GeneratedImage, embedding_version=None, scorer=None) -> Design:
    claimed = lifecycle.claim(design.pk)
    claimed.embedding_version, claimed.scorer = embedding_version, scorer
    lifecycle.finish(claimed, pictures or [GeneratedImage(DesignImage.Kind.DESIGN, image_bytes(), 2.0, 0.83)])
    return claimed


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_shop_without_a_generator_says_what_the_admin_does(client, admin_client):
    assert "This shop has no generator. As soon as" in text(client.get(PAGE).content.decode())
    assert "manage.py train lsgan --activate" in admin_client.get(PAGE).content.decode()


def test_a_generator_in_training_tells_how_far_it_is(client):
    progress = {"stage": "training", "done": 3, "of": 50}
    VersionFactory(role="design", method="lsgan", state="training", progress=progress)

    page = client.get(PAGE).content.decode()

    assert "Training: 3 of 50." in page
    assert 'hx-trigger="every 5s"' in page


def test_a_training_that_nobody_goes_on_with_is_not_waited_for(client):
    VersionFactory(
        role="design", method="lsgan", state="interrupted", progress={"stage": "training", "done": 2, "of": 2}
    )

    assert "This shop has no generator." in text(client.get(PAGE).content.decode())


def test_a_guest_is_asked_to_sign_in(client, generator, active_personal):
    assert "Sign in first" in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"category": 1, "balance": 3})["Location"] == "/login/?next=/designs/"
    assert client.get(f"{PAGE}{uuid.uuid4()}/")["Location"].startswith("/login/")


def test_somebody_hardly_known_is_told_what_is_needed(client, generator, active_personal):
    client.force_login(AccountFactory(username="new"))

    page = client.get(PAGE).content.decode()

    assert "We do not know you well enough yet" in page
    assert "5 products that were liked, bought or looked at are needed, and there are 0" in page
    assert 'name="balance"' not in page


def test_where_the_active_tastes_are_blind_nothing_is_offered(hers, generator):
    ModelVersion.objects.filter(role="personal").update(method="bpr-mf")

    page = hers.get(PAGE).content.decode()

    assert "Designs are not available at the moment" in page and "ignores pictures and cannot score designs" in page
    assert 'name="balance"' not in page


def test_a_dozen_are_asked_for_as_the_slider_says(hers, generator):
    form = hers.get(PAGE).content.decode()
    assert 'type="range"' in form and "More me" in form and "More real" in form

    design = asked(hers, category=CategoryFactory(name="Shoes").pk, balance=0)

    assert (design.count, design.eta, design.shopper.key) == (12, 0.0, "ada")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"balance": 3}, "This field is required."),
        ({"category": 10**6, "balance": 3}, "The generator has not learned this category."),
        ({"category": "shoes", "balance": 9}, "not one of the available choices"),
        ({"sku": "nothing"}, "There is no such product with a picture."),
    ],
)
def test_what_makes_no_sense_is_told(hers, generator, form, told):
    answer = hers.post(PAGE, form)

    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not Design.objects.exists()


def test_a_product_out_of_reach_is_not_offered_again(hers, generator):
    product = ProductFactory(category=CategoryFactory(name="Shoes"))
    design = asked(hers, sku=product.sku)
    lifecycle.fail(lifecycle.claim(design.pk), "this picture is unlike those that the generator has learned")

    page = hers.get(f"{PAGE}{design.pk}/").content.decode()

    assert "This picture is unlike those" in page and product.get_absolute_url() in page
    assert "Try other options" not in page


def test_what_was_cancelled_is_listed_no_more(hers, generator):
    kept, cancelled = asked(hers), asked(hers)

    lifecycle.cancel(cancelled)

    page = hers.get(PAGE).content.decode()
    assert f"{PAGE}{kept.pk}/" in page and f"{PAGE}{cancelled.pk}/" not in page


def test_a_refusal_leads_back_with_the_reason(hers, generator, settings):
    settings.DESIGNS_PENDING = 1
    asked(hers)

    page = hers.post(PAGE, {"category": CategoryFactory(name="Shoes").pk, "balance": 3}, follow=True)

    assert "1 design is still being made; at most 1 may wait." in page.content.decode()


def test_progress_is_asked_for_until_it_is_done(hers, generator):
    design = asked(hers)
    path = f"{PAGE}{design.pk}/"
    assert "Waiting for a worker." in hers.get(path).content.decode()
    claimed = lifecycle.claim(design.pk)
    lifecycle.follow(claimed, 0.4)

    page = hers.get(path).content.decode()

    assert f'hx-get="{path}"' in page and 'http-equiv="refresh"' in page
    assert 'value="0.40"' in page
    lifecycle.finish(claimed, [GeneratedImage(DesignImage.Kind.DESIGN, image_bytes(), 2.0, 0.83)])
    page = hers.get(path).content.decode()
    assert "hx-get" not in page and "http-equiv" not in page


def test_pictures_are_shown_with_what_they_are_worth_and_what_one_can_buy(hers, generator, active):
    near = ProductFactory(title="Red boots")
    embed(near, active, turned(0))
    made = GeneratedImage(DesignImage.Kind.DESIGN, image_bytes(), 2.0, 0.83, embedding=turned(1))
    design = finished(asked(hers), made, embedding_version=active)

    page = hers.get(f"{PAGE}{design.pk}/").content.decode()

    assert f'src="/media/{design.folder}/00.png"' in page
    assert 'alt="Design 1: looks real"' in page and "% you" not in page  # this model has no chances
    assert near.get_absolute_url() in page and "€19.90" in page
    assert f"/media/{design.folder}/00.png" in hers.get(PAGE).content.decode()


def test_a_chance_is_named_as_a_limit_and_no_higher_than_any_product_had(hers, generator):
    scorer = ModelVersion.objects.get(role="personal")
    scorer.match_curves = {"taken": [1.0, -1.0, 0.91]}
    scorer.save()
    images = [GeneratedImage(DesignImage.Kind.DESIGN, image_bytes(n), float(n), 0.83) for n in (9, 2)]
    design = finished(asked(hers), *images, scorer=scorer)

    page = hers.get(f"{PAGE}{design.pk}/").content.decode()

    assert 'alt="Design 1: up to 91 % you, looks real"' in page and 'alt="Design 2: up to 73 % you, looks real"' in page
    assert "in at most 91 of 100 cases. The pictures are made to be rated highly" in text(page)


def test_a_tailored_product_shows_the_way_there(hers, generator):
    scorer = ModelVersion.objects.get(role="personal")
    scorer.match_curves = {"taken": [1.0, 0.0, 0.99]}
    scorer.save()
    product = ProductFactory(title="Plain boots")
    assert "Make it more me" in hers.get(product.get_absolute_url()).content.decode()
    design = finished(
        asked(hers, sku=product.sku, change=30),
        GeneratedImage(DesignImage.Kind.ORIGINAL, image_bytes(1), 0.0, 0.9, change=0.05),
        GeneratedImage(DesignImage.Kind.APPROXIMATION, image_bytes(2), 0.1, 0.5, change=0.0),
        GeneratedImage(DesignImage.Kind.STEP, image_bytes(3), 3.0, -0.2, change=0.12, step=7),
        scorer=scorer,
    )

    page = text(hers.get(f"{PAGE}{design.pk}/").content.decode())

    assert Design.objects.get().budget == 0.3
    assert "The product up to 50 % you looks real" in page
    assert "Copy by the generator up to 52 % you could be real" in page
    assert "Step 7, 12.0 % changed up to 95 % you dreamlike (0.00)" in page


@pytest.mark.parametrize(
    ("category", "learnt", "signed_in", "shown"),
    [
        ("Shoes", True, True, "Make it more me"),
        ("Shoes", True, False, "Sign in to make it more you"),
        ("Bags", True, True, None),
        ("Shoes", False, True, None),
    ],
)
def test_only_what_the_generator_has_learnt_can_be_tailored(client, generator, category, learnt, signed_in, shown):
    if not learnt:
        generator.delete()
    if signed_in:
        client.force_login(AccountFactory())
    product = ProductFactory(category=CategoryFactory(name=category))

    page = client.get(product.get_absolute_url()).content.decode()

    assert shown in page if shown else "more me" not in page and "more you" not in page


def test_a_failure_is_told_with_its_reason(hers, generator):
    design = asked(hers)
    lifecycle.fail(lifecycle.claim(design.pk), "the generator comes no nearer")

    assert "The generator comes no nearer." in hers.get(f"{PAGE}{design.pk}/").content.decode()


def test_a_design_is_cancelled_and_deleted(hers, generator):
    design = asked(hers)
    path = f"{PAGE}{design.pk}/"
    assert "Nothing was made." in hers.post(f"{path}cancel/", follow=True).content.decode()
    assert "only what is not finished can be cancelled" in hers.post(f"{path}cancel/", follow=True).content.decode()

    assert "were deleted" in hers.post(f"{path}delete/", follow=True).content.decode()

    assert hers.get(path).status_code == 404


def test_another_s_design_is_nobody_else_s(hers, generator, client):
    path = f"{PAGE}{asked(hers).pk}/"
    client.force_login(AccountFactory(username="eve"))

    assert client.get(path).status_code == 404
    assert client.post(f"{path}cancel/").status_code == client.post(f"{path}delete/").status_code == 404
    assert Design.objects.get().status == "queued"
    client.force_login(clerk())
    assert client.get(path).status_code == 404
    client.force_login(clerk("view_design"))
    assert client.get(path).status_code == 200
    assert client.post(f"{path}cancel/").status_code == client.post(f"{path}delete/").status_code == 404


def test_without_a_generator_old_designs_are_shown_and_no_new_ones_offered(hers, generator):
    design = finished(asked(hers))
    assert "Try other options" in hers.get(f"{PAGE}{design.pk}/").content.decode()
    generator.delete()

    page = hers.get(f"{PAGE}{design.pk}/").content.decode()

    assert f"/media/{design.folder}/00.png" in page
    assert "Try other options" not in page


def test_a_design_says_how_many_of_its_pictures_are_not_shown(hers, generator):
    design = asked(hers)
    finished(design, *[GeneratedImage(DesignImage.Kind.DESIGN, image_bytes(), 2.0, 0.83)] * 11)

    page = text(hers.get(design.get_absolute_url()).content.decode())

    assert "11 of 12 are shown: the other did not look enough like a product, or looked the same as another." in page


def test_a_design_of_which_nothing_can_be_shown_says_what_to_try(hers, generator):
    design = asked(hers)
    lifecycle.finish(lifecycle.claim(design.pk), [])

    page = text(hers.get(design.get_absolute_url()).content.decode())

    assert "Nothing to show No picture looked enough like a product. Try a balance nearer to “More real”" in page
    assert "up to" not in page
