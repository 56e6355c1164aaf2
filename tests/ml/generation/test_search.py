from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ml.configs.base import Config
from ml.contract import DesignModel, PersonalModel
from ml.errors import OutOfReach
from ml.generation.search import REACH, design, reconstruct, tailor
from tests.ml.worlds import toy_images, trained

RED, BLUE = 0, 1


@dataclass(frozen=True)
class NoConfig(Config):
    pass


class Paint(DesignModel):
    """Plain pictures, the lighter the larger z_0, of a red or a blue tint; those near half light look real."""

    method = "paint"

    def __init__(self):
        super().__init__(NoConfig())
        self.categories = 2
        self.tint = nn.Parameter(torch.tensor([[1.0, 0.5, 0.5], [0.5, 0.5, 1.0]]))

    def generate(self, z, category):
        light = torch.sigmoid(z[:, :1] + 0.1 * z[:, 1:2]) * self.tint[category]
        return light[:, :, None, None].expand(-1, -1, 64, 64)

    def realism(self, images, category):
        return 1 - 4 * (images.mean(dim=(1, 2, 3)) - 0.3).abs()


class Light(PersonalModel):
    """Whoever has a taste of [a, b] likes light by a, and red more than blue by b."""

    method = "light"
    dimensions = 2

    def __init__(self, side=64):
        super().__init__(NoConfig())
        self.image_size = (side, side)

    def embed(self, images, items):
        assert images.shape[2:] == self.image_size and (items == -1).all()
        light, red = images.mean(dim=(1, 2, 3)) - 0.3, (images[:, 0] - images[:, 2]).mean(dim=(1, 2))
        return 10 * torch.stack([light, red], dim=1)


LIKES_LIGHT, LIKES_DARK = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 0.0])


def designs(taste=LIKES_LIGHT, category=RED, **given):
    asked = {"count": 4, "eta": 0.0, "seed": 0, "starts": 8, "steps": 20} | given
    (found,) = design(Paint(), Light(), taste[None], category, **asked)
    return found


def light(toy_images):
    return toy_images.mean(dim=(1, 2, 3))


def test_designs_are_lighter_for_who_likes_light_and_darker_for_who_does_not():
    random = light(Paint().generate(torch.randn(8, 256), torch.zeros(8, dtype=int))).mean()

    assert light(designs(LIKES_LIGHT).images).min() > random > light(designs(LIKES_DARK).images).max()


def test_designs_are_of_the_category_asked_for():
    for category in (RED, BLUE):
        found = designs(category=category).images
        redder = (found[:, 0] - found[:, 2]).mean(dim=(1, 2)) > 0
        assert redder.all() if category == RED else not redder.any()


def test_the_best_come_first_with_their_score_and_realism():
    found = designs()

    assert torch.equal(found.score, found.score.sort(descending=True).values)
    assert_close(found.score, 10 * (light(found.images) - 0.3))
    assert_close(found.realism, Paint().realism(found.images, None))
    assert_close(Paint().generate(found.z, torch.zeros(len(found.z), dtype=int)), found.images)


def test_the_larger_eta_the_more_real_and_the_less_liked():
    free, held = designs(eta=0.0), designs(eta=10.0)

    assert ((held.realism - 1).abs() < (free.realism - 1).abs()).all()
    assert held.score.mean() < free.score.mean()


def test_a_search_stays_above_the_floor_of_realism_and_gives_nothing_below_it():
    free = designs()
    floor = free.realism.max().item() + 0.05

    held = designs(floor=floor)

    assert len(held.images) > 0 and held.realism.min() >= floor
    assert held.score.mean() < free.score.mean()
    assert len(designs(floor=2.0).images) == 0  # more real than any product


def test_the_same_seed_gives_the_same_designs_and_another_seed_others():
    once, again, other = designs(seed=1), designs(seed=1), designs(seed=2)

    assert torch.equal(once.images, again.images) and torch.equal(once.z, again.z)
    assert not torch.equal(once.z, other.z)


def test_many_tastes_find_together_what_each_finds_alone():
    asked = {"count": 4, "eta": 1.0, "seed": 0, "starts": 8, "steps": 6}

    together = design(Paint(), Light(), torch.stack([LIKES_LIGHT, LIKES_DARK]), RED, **asked)

    for taste, found in zip((LIKES_LIGHT, LIKES_DARK), together, strict=True):
        (alone,) = design(Paint(), Light(), taste[None], RED, **asked)
        assert_close(found.images, alone.images)
        assert_close(found.score, alone.score)


def test_no_design_is_the_same_picture_as_another():
    assert len(designs(starts=8, steps=0).images) == 4

    alike = designs(starts=8, steps=200).images  # all end where light ends

    assert len(alike) == 1


def test_latents_stay_as_long_as_those_trained_on():
    found = designs(starts=4, steps=200)

    assert found.z.norm(dim=1).max() <= REACH * 16 + 1e-3


def test_more_steps_find_better_pictures():
    j = [designs(starts=8, steps=steps, count=1, eta=1.0) for steps in (0, 5, 20)]

    scores = [(found.score - (found.realism - 1) ** 2).item() for found in j]
    assert scores[0] < scores[1] < scores[2]


def test_a_scorer_of_another_size_sees_the_picture_at_its_own():
    (found,) = design(Paint(), Light(side=224), LIKES_LIGHT[None], RED, count=2, eta=0.0, seed=0, starts=4, steps=3)

    assert_close(found.score, 10 * (light(found.images) - 0.3))


def test_progress_is_told_to_its_end_and_whoever_is_told_may_end_it():
    told = []

    designs(steps=6, progress=lambda done, of: told.append(done / of))

    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)

    def cancel(done, of):
        if done >= 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        designs(steps=6, progress=cancel)


@pytest.mark.parametrize("method", ["dvbpr", "hybrid"])
def test_a_search_with_networks_moves_nothing_but_z_and_raises_j(method):
    generator, scorer = trained("lsgan"), trained(method, epochs=5)
    before = [tensor.clone() for model in (generator, scorer) for tensor in model.state_dict().values()]
    asked = {"count": 8, "eta": 1.0, "seed": 0, "starts": 8}
    taste = scorer.user_vectors()[0]
    generator.zero_grad()
    scorer.zero_grad()

    j = []
    for steps in (0, 10):
        (found,) = design(generator, scorer, taste[None], 0, steps=steps, **asked)
        j.append((found.score - (found.realism - 1).square()).max().item())

    after = [tensor for model in (generator, scorer) for tensor in model.state_dict().values()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert all(parameter.grad is None for model in (generator, scorer) for parameter in model.parameters())
    assert j[1] > j[0]


def dark_product():
    return Paint().generate(torch.full((1, 256), -1.0), torch.tensor([RED]))[0].detach()


def tailored(picture=None, taste=LIKES_LIGHT, **given):
    picture = dark_product() if picture is None else picture
    asked = {"seed": 0, "starts": 4, "inversion_steps": 100, "steps": 40, "eta": 0.0, "budget": 0.15} | given
    return tailor(Paint(), Light(), taste, picture, RED, **asked)


def test_a_product_is_approximated_and_then_moves_the_way_of_the_taste():
    found = tailored()

    assert torch.equal(found.original.image, dark_product())
    assert_close(found.approximation.image, dark_product(), atol=0.01, rtol=0)
    scores = [found.approximation.score, *(step.score for step in found.steps)]
    assert scores == sorted(scores) and scores[-1] > scores[0] + 1
    assert found.original.score == pytest.approx(10 * (dark_product().mean().item() - 0.3), abs=1e-4)


def test_no_step_changes_more_than_the_budget_and_each_says_how_much():
    narrow, wide = tailored(budget=0.05), tailored(budget=0.1)

    for found, budget in ((narrow, 0.05), (wide, 0.1)):
        changes = [step.change for step in found.steps]
        assert changes == sorted(changes) and 0.8 * budget < changes[-1] <= budget
        last = (found.steps[-1].image - found.approximation.image).abs().mean().item()
        assert last == pytest.approx(changes[-1], abs=1e-5)
    assert len(wide.steps) > len(narrow.steps)


def test_a_product_that_the_generator_cannot_make_is_refused_with_how_near_it_comes():
    stripes = toy_images(2).batch([1])[0]

    with pytest.raises(OutOfReach, match=r"no nearer .* than a mean difference of 0\.\d{3}, above 0\.08"):
        tailored(stripes)


def test_a_generator_may_be_stricter_about_what_it_reaches(monkeypatch):
    monkeypatch.setattr(Paint, "limit", lambda self, category: 1e-6 * (1 + category))

    with pytest.raises(OutOfReach, match=r"above 1e-06"):
        tailored()
    tailored(limit=0.08)


def test_products_are_redrawn_each_as_near_as_the_generator_comes():
    light = torch.tensor([[-1.0], [0.5], [2.0]]).expand(-1, 256)
    products = Paint().generate(light, torch.tensor([RED] * 3)).detach()

    again = reconstruct(Paint(), products, RED, seed=0, steps=100)

    assert_close(again, products, atol=0.02, rtol=0)
    barely = reconstruct(Paint(), products, RED, seed=0, steps=1)
    assert (barely - products).abs().mean() > 2 * (again - products).abs().mean()


def test_tailoring_tells_its_progress_to_the_end():
    told = []

    tailored(progress=lambda done, of: told.append(done / of))

    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)
