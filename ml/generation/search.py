"""Search in a generator's latents for images that suit a taste, and for a product's image changed towards one."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ml.contract import DesignModel, PersonalModel
from ml.errors import OutOfReach
from ml.nn import image_similarity

RATE = 0.05  # learning rate of Adam on z
REACH = 1.0  # the longest z, by sqrt(256), the length of those in training; longer ones did not score higher
GAIN = 1e-3  # of J in a step; a search stops after PATIENCE steps in a row with less
PATIENCE = 5
STARTS, STEPS = 20, 45
INVERSION_STARTS, INVERSION_STEPS = 8, 200
RECONSTRUCTION_STEPS = 60
DRAWN = 16  # random z for each start
MARGIN, PENALTY = 0.05, 100.0  # realism above the floor that a search aims at, and the weight of what is missing
Progress = Callable[[float, float], None]  # (done, total); may raise, which ends the search


@dataclass(frozen=True)
class Designs:
    """Images found for one taste, in descending order of J."""

    images: Tensor  # (N, 3, 64, 64) in [0, 1]
    score: Tensor  # (N,) theta . Phi; 0 is an average product's
    realism: Tensor  # (N,) D's output, about 1 for real products
    z: Tensor  # (N, 256)


@dataclass(frozen=True)
class Step:
    """One image on the way from a product towards a taste."""

    image: Tensor  # (3, 64, 64) in [0, 1]
    score: float
    realism: float
    change: float  # the mean difference from the approximation; of the approximation, 0; of the original, its error


@dataclass(frozen=True)
class Tailored:
    """A product's image changed towards a taste, step by step."""

    original: Step  # the product's own image
    approximation: Step  # the nearest that the generator can make
    steps: tuple[Step, ...]  # from the approximation towards the taste, none changed by more than the budget


def design(
    generator: DesignModel,
    scorer: PersonalModel,
    tastes: Tensor,
    category: int,
    *,
    count: int,
    eta: float,
    seed: int,
    starts: int = STARTS,
    steps: int = STEPS,
    floor: float = -math.inf,
    progress: Progress | None = None,
) -> list[Designs]:
    """Search for each taste of (U, K) at most `count` images of the category that score high, no two the same.

    Maximises J(z) = theta . Phi(up(G(z, c))) - eta (D(G(z, c), c) - 1)^2 over z by Adam; the networks do not change.
    Kang et al. 2017, arXiv:1711.02231. The search starts from the best of sixteen times as many random z, which costs
    as much as some steps and finds more than these. All tastes are one batch and start from the same random z; the
    same seed gives the same images.

    floor: the least realism of an image. What is missing is a penalty in the search, and images below it are left out.
    """
    search = _Search(generator, scorer, tastes.repeat_interleave(starts, dim=0), category, eta, floor)
    z = search.best_starts(tastes, starts, seed)
    best_z, best = z, z.new_full((len(z),), -torch.inf)
    idle = 0
    for step, (z_now, scored) in enumerate(search.ascend(z, steps)):
        if progress:
            progress(step, steps)
        previous, better = best.mean(), scored.j > best
        best_z, best = torch.where(better[:, None], z_now, best_z), torch.where(better, scored.j, best)
        idle = idle + 1 if best.mean() - previous < GAIN else 0
        if idle == PATIENCE:
            break
    with torch.no_grad():
        scored = search.score(best_z)
    if progress:
        progress(steps, steps)
    parts = (scored.images, scored.score, scored.realism, best_z, scored.j)
    by_taste = zip(*(part.split(starts) for part in parts), strict=True)
    return [_select(*of_one, count=count, floor=floor) for of_one in by_taste]


def _select(
    images: Tensor, score: Tensor, realism: Tensor, z: Tensor, j: Tensor, *, count: int, floor: float
) -> Designs:
    """Return at most `count` rows in descending order of J, of this realism at least and with different images."""
    differences = image_similarity.mean_differences(images, images)
    chosen: list[int] = []
    for index in j.argsort(descending=True).tolist():
        is_new = (differences[index, chosen] >= image_similarity.SAME).all()
        if len(chosen) < count and realism[index] >= floor and is_new:
            chosen.append(index)
    return Designs(*(part[chosen].cpu() for part in (images, score, realism, z)))


def tailor(
    generator: DesignModel,
    scorer: PersonalModel,
    taste: Tensor,
    image: Tensor,
    category: int,
    *,
    budget: float = 0.05,
    seed: int,
    eta: float = 1.0,
    starts: int = INVERSION_STARTS,
    inversion_steps: int = INVERSION_STEPS,
    steps: int = 50,
    limit: float | None = None,
    progress: Progress | None = None,
) -> Tailored:
    """Approximate a product's image by the generator, and change it from there towards the taste.

    image: (3, 64, 64) in [0, 1]. budget: the largest mean |G(z) - G(z*)|, in [0, 1], up to which steps are returned.
    Raises OutOfReach if the mean |G(z*) - image| is above the limit; None is the generator's own for the category.
    """
    search = _Search(generator, scorer, taste[None], category, eta)
    image = image.to(generator.device)
    total = inversion_steps + steps
    z, encoded = search.draw(starts, seed), search.encode(image[None])
    z = z if encoded is None else torch.cat([encoded, z[1:]])
    z = search.approach(z, image[None], inversion_steps, progress and (lambda done: progress(done, total)))
    with torch.no_grad():
        z = z[search.error(z, image[None]).argmin()][None]
        start, real = search.score(z), search.score_images(image[None])
    error = (start.images[0] - image).abs().mean().item()
    limit = generator.limit(category) if limit is None else limit
    if error > limit:
        raise OutOfReach(
            f"this picture is unlike those that the generator has learned: the generator comes no nearer to it than a "
            f"mean difference of {error:.3f}, above {limit:.2g}"
        )
    within_budget = []
    for step, (_, scored) in enumerate(search.ascend(z, steps)):
        if progress:
            progress(inversion_steps + step, total)
        change = (scored.images - start.images).abs().mean().item()
        if change > budget:
            break
        if step:
            within_budget.append(scored.to_step(change))
    if progress:
        progress(total, total)
    return Tailored(real.to_step(error), start.to_step(0.0), tuple(within_budget))


def reconstruct(
    generator: DesignModel, images: Tensor, category: int, *, seed: int, steps: int = RECONSTRUCTION_STEPS
) -> Tensor:
    """Approximate images by the generator in a few steps. images: (N, 3, 64, 64) in [0, 1]."""
    latents = _Latents(generator, category)
    images = images.to(generator.device)
    encoded = latents.encode(images)
    z = latents.approach(latents.draw(len(images), seed) if encoded is None else encoded, images, steps)
    with torch.no_grad():
        return latents.generate(z).cpu()


@dataclass(frozen=True)
class _Scored:
    images: Tensor
    score: Tensor
    realism: Tensor
    j: Tensor

    def to_step(self, change: float) -> Step:
        """Return the first row."""
        return Step(self.images[0].cpu(), self.score[0].item(), self.realism[0].item(), change)


class _Latents:
    """Latents of a generator that are optimized while all networks stay as they are."""

    def __init__(self, generator: DesignModel, category: int) -> None:
        self.generator, self.category = generator.eval(), category
        self.longest = REACH * generator.latent**0.5

    def generate(self, z: Tensor) -> Tensor:
        return self.generator.generate(z, self._categories(len(z)))

    def draw(self, count: int, seed: int) -> Tensor:
        random = torch.Generator().manual_seed(seed)
        return self._shorten(torch.randn(count, self.generator.latent, generator=random).to(self.generator.device))

    def encode(self, images: Tensor) -> Tensor | None:
        with torch.no_grad():
            z = self.generator.encode(images, self._categories(len(images)))
        return None if z is None else self._shorten(z)

    def approach(self, z: Tensor, images: Tensor, steps: int, progress: Callable[[int], None] | None = None) -> Tensor:
        """Return z after so many steps towards images, (B, 3, 64, 64) for one each or (1, 3, 64, 64) for all."""
        z = z.detach().clone().requires_grad_()
        adam = torch.optim.Adam([z], lr=RATE)
        for step in range(steps):
            if progress:
                progress(step)
            self._step(adam, z, self.error(z, images).sum())
        return z.detach()

    def error(self, z: Tensor, images: Tensor) -> Tensor:
        """Return the (B,) mean absolute differences from images."""
        return (self.generate(z) - images).abs().mean(dim=(1, 2, 3))

    def _step(self, adam: torch.optim.Optimizer, z: Tensor, loss: Tensor) -> None:
        (z.grad,) = torch.autograd.grad(loss, [z])
        adam.step()
        with torch.no_grad():
            z.copy_(self._shorten(z))

    def _shorten(self, z: Tensor) -> Tensor:
        """Limit the length of each z to that of the latents in training."""
        shortened: Tensor = z * (self.longest / z.norm(dim=1, keepdim=True)).clamp(max=1)
        return shortened

    def _categories(self, count: int) -> Tensor:
        return torch.full((count,), self.category, device=self.generator.device)


class _Search(_Latents):
    """Gradient ascent of J over latents."""

    def __init__(
        self,
        generator: DesignModel,
        scorer: PersonalModel,
        tastes: Tensor,
        category: int,
        eta: float,
        floor: float = -math.inf,
    ) -> None:
        """Set up a search. tastes: (B, K), a row for each latent that is scored; or (1, K), one for all."""
        super().__init__(generator, category)
        self.scorer, self.tastes = scorer.eval(), tastes.to(generator.device)
        self.eta, self.floor = eta, floor

    def best_starts(self, tastes: Tensor, starts: int, seed: int) -> Tensor:
        """Return (U * starts, 256): for each taste the best of sixteen times as many random z."""
        z = self.draw(starts * DRAWN, seed)
        with torch.no_grad():
            embedded = [self._embed(self.generate(part)) for part in z.split(64)]
        vectors, realism = (torch.cat(parts) for parts in zip(*embedded, strict=True))
        j = self._objective(tastes.to(vectors.device) @ vectors.T, realism)  # (U, 16 starts)
        return z[j.topk(starts, dim=1).indices.flatten()]

    def score(self, z: Tensor) -> _Scored:
        return self.score_images(self.generate(z))

    def score_images(self, images: Tensor) -> _Scored:
        vectors, realism = self._embed(images)
        score = (vectors * self.tastes).sum(dim=1)
        return _Scored(images, score, realism, self._objective(score, realism))

    def _objective(self, score: Tensor, realism: Tensor) -> Tensor:
        missing = (self.floor + MARGIN - realism).clamp(min=0)
        return score - self.eta * (realism - 1).square() - PENALTY * missing.square()

    def _embed(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return Phi of images, (B, K), and their realism, (B,)."""
        realism = self.generator.realism(images, self._categories(len(images)))
        resized = images
        if self.scorer.image_size != self.generator.image_size:
            resized = F.interpolate(images, size=self.scorer.image_size, mode="nearest")  # as in the paper
        new = torch.full((len(images),), -1, device=images.device)
        return self.scorer.embed(resized, new), realism

    def ascend(self, z: Tensor, steps: int) -> Iterator[tuple[Tensor, _Scored]]:
        """Yield z and its scores before the first of so many steps and after each."""
        z = self._shorten(z.detach().clone()).requires_grad_()
        adam = torch.optim.Adam([z], lr=RATE)
        for step in range(steps + 1):
            scored = self.score(z)
            yield z.detach().clone(), scored
            if step < steps:
                self._step(adam, z, -scored.j.sum())
