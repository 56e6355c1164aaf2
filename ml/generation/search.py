"""Pictures for one taste: the search in a generator's latents, and a product changed towards a taste."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ml.contract import DesignModel, PersonalModel
from ml.errors import OutOfReach
from ml.nn import image_similarity

RATE = 0.05  # Adam's, on z
REACH = 1.0  # the longest z by sqrt(256), the length that those trained on have; longer ones were liked no more
GAIN = 1e-3  # of J a step, below which the search has ended
PATIENCE = 5  # steps in a row with less
STARTS, STEPS = 20, 45
INVERSION_STARTS, INVERSION_STEPS = 8, 200
REDRAWING_STEPS = 60
DRAWN = 16  # random z for each that is started from
Progress = Callable[[float, float], None]  # (done, of); may raise, which ends the search


@dataclass(frozen=True)
class Designs:
    """Rows in the order of J, the best first."""

    pictures: Tensor  # (N, 3, 64, 64) in [0, 1]
    score: Tensor  # (N,) theta . Phi; 0 is an average product's
    realism: Tensor  # (N,) D's output, about 1 for real products
    z: Tensor  # (N, 256)


@dataclass(frozen=True)
class Step:
    picture: Tensor  # (3, 64, 64) in [0, 1]
    score: float
    realism: float
    change: float  # the mean difference from the approximation; of the approximation, 0; of the original, its error


@dataclass(frozen=True)
class Tailored:
    original: Step  # the product's own picture
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
    progress: Progress | None = None,
) -> list[Designs]:
    """For each taste of (U, K) at most `count` pictures of the category, no two the same, that its shopper would like.

    Maximises J(z) = theta . Phi(up(G(z, c))) - eta (D(G(z, c), c) - 1)^2 over z by Adam; nothing else changes. Kang et
    al. 2017, arXiv:1711.02231. It starts from the best of sixteen times as many random z, which costs some steps and
    finds more than these would. All tastes are one batch, out of the same random z; the same seed gives the same
    pictures.
    """
    search = _Search(generator, scorer, tastes.repeat_interleave(starts, dim=0), category, eta)
    z = search.promising(tastes, starts, seed)
    best_z, best = z, z.new_full((len(z),), -torch.inf)
    idle = 0
    for step, (z_now, judged) in enumerate(search.ascent(z, steps)):
        if progress:
            progress(step, steps)
        former, better = best.mean(), judged.j > best
        best_z, best = torch.where(better[:, None], z_now, best_z), torch.where(better, judged.j, best)
        idle = idle + 1 if best.mean() - former < GAIN else 0
        if idle == PATIENCE:
            break
    with torch.no_grad():
        judged = search.judge(best_z)
    if progress:
        progress(steps, steps)
    parts = (judged.pictures, judged.score, judged.realism, best_z, judged.j)
    return [_best(*each, count) for each in zip(*(part.split(starts) for part in parts), strict=True)]


def _best(pictures: Tensor, score: Tensor, realism: Tensor, z: Tensor, j: Tensor, count: int) -> Designs:
    """At most `count` rows, by their J, without any whose picture is the same as a better one's."""
    apart = image_similarity.differences(pictures, pictures)
    chosen: list[int] = []
    for index in j.argsort(descending=True).tolist():
        if len(chosen) < count and (apart[index, chosen] >= image_similarity.SAME).all():
            chosen.append(index)
    return Designs(*(part[chosen].cpu() for part in (pictures, score, realism, z)))


def tailor(
    generator: DesignModel,
    scorer: PersonalModel,
    taste: Tensor,
    picture: Tensor,
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
    """A product's picture as near as the generator comes to it, and on from there towards the taste.

    picture: (3, 64, 64) in [0, 1]. budget: the largest mean |G(z) - G(z*)|, in [0, 1], up to which steps are kept.
    Raises OutOfReach if the mean |G(z*) - picture| is above the limit; None is the generator's own for the category.
    """
    search = _Search(generator, scorer, taste[None], category, eta)
    picture = picture.to(generator.device)
    of = inversion_steps + steps
    z, guess = search.drawn(starts, seed), search.guessed(picture[None])
    z = z if guess is None else torch.cat([guess, z[1:]])
    z = search.approaching(z, picture[None], inversion_steps, progress and (lambda done: progress(done, of)))
    with torch.no_grad():
        z = z[search.apart(z, picture[None]).argmin()][None]
        start, real = search.judge(z), search.judge_pictures(picture[None])
    error = (start.pictures[0] - picture).abs().mean().item()
    limit = generator.limit(category) if limit is None else limit
    if error > limit:
        raise OutOfReach(
            f"this picture is unlike those that the generator has learned: the generator comes no nearer to it than a "
            f"mean difference of {error:.3f}, above {limit:.2g}"
        )
    kept = []
    for step, (_, judged) in enumerate(search.ascent(z, steps)):
        if progress:
            progress(inversion_steps + step, of)
        change = (judged.pictures - start.pictures).abs().mean().item()
        if change > budget:
            break
        if step:
            kept.append(judged.step(change))
    if progress:
        progress(of, of)
    return Tailored(real.step(error), start.step(0.0), tuple(kept))


def reconstruct(
    generator: DesignModel, pictures: Tensor, category: int, *, seed: int, steps: int = REDRAWING_STEPS
) -> Tensor:
    """Products as near as the generator comes to them in a few steps. pictures: (N, 3, 64, 64) in [0, 1]."""
    latents = _Latents(generator, category)
    pictures = pictures.to(generator.device)
    guess = latents.guessed(pictures)
    z = latents.approaching(latents.drawn(len(pictures), seed) if guess is None else guess, pictures, steps)
    with torch.no_grad():
        return latents.made(z).cpu()


@dataclass(frozen=True)
class _Judged:
    pictures: Tensor
    score: Tensor
    realism: Tensor
    j: Tensor

    def step(self, change: float) -> Step:
        """Of the first row."""
        return Step(self.pictures[0].cpu(), self.score[0].item(), self.realism[0].item(), change)


class _Latents:
    """What a generator makes of z that are moved, with all networks as they are."""

    def __init__(self, generator: DesignModel, category: int) -> None:
        self.generator, self.category = generator.eval(), category
        self.longest = REACH * generator.latent**0.5

    def made(self, z: Tensor) -> Tensor:
        return self.generator.generate(z, self._categories(len(z)))

    def drawn(self, count: int, seed: int) -> Tensor:
        chance = torch.Generator().manual_seed(seed)
        return self._within(torch.randn(count, self.generator.latent, generator=chance).to(self.generator.device))

    def guessed(self, pictures: Tensor) -> Tensor | None:
        with torch.no_grad():
            z = self.generator.encode(pictures, self._categories(len(pictures)))
        return None if z is None else self._within(z)

    def approaching(
        self, z: Tensor, pictures: Tensor, steps: int, progress: Callable[[int], None] | None = None
    ) -> Tensor:
        """The z after so many steps towards pictures, (B, 3, 64, 64) for one each or (1, 3, 64, 64) for all."""
        z = z.detach().clone().requires_grad_()
        adam = torch.optim.Adam([z], lr=RATE)
        for step in range(steps):
            if progress:
                progress(step)
            self._move(adam, z, self.apart(z, pictures).sum())
        return z.detach()

    def apart(self, z: Tensor, pictures: Tensor) -> Tensor:
        return (self.made(z) - pictures).abs().mean(dim=(1, 2, 3))

    def _move(self, adam: torch.optim.Optimizer, z: Tensor, loss: Tensor) -> None:
        (z.grad,) = torch.autograd.grad(loss, [z])
        adam.step()
        with torch.no_grad():
            z.copy_(self._within(z))

    def _within(self, z: Tensor) -> Tensor:
        """No longer than any that G was trained on."""
        return z * (self.longest / z.norm(dim=1, keepdim=True)).clamp(max=1)

    def _categories(self, count: int) -> Tensor:
        return torch.full((count,), self.category, device=self.generator.device)


class _Search(_Latents):
    """J and its ascent, with all networks as they are."""

    def __init__(
        self, generator: DesignModel, scorer: PersonalModel, tastes: Tensor, category: int, eta: float
    ) -> None:
        """tastes: (B, K), a row for each latent that is judged; or (1, K), one for all."""
        super().__init__(generator, category)
        self.scorer, self.tastes, self.eta = scorer.eval(), tastes.to(generator.device), eta

    def promising(self, tastes: Tensor, starts: int, seed: int) -> Tensor:
        """(U * starts, 256): for each taste the best of sixteen times as many random z."""
        z = self.drawn(starts * DRAWN, seed)
        with torch.no_grad():
            made = [self._seen(self.made(part)) for part in z.split(64)]
        vectors, realism = (torch.cat(parts) for parts in zip(*made, strict=True))
        j = tastes.to(vectors.device) @ vectors.T - self.eta * (realism - 1).square()  # (U, 16 starts)
        return z[j.topk(starts, dim=1).indices.flatten()]

    def judge(self, z: Tensor) -> _Judged:
        return self.judge_pictures(self.made(z))

    def judge_pictures(self, pictures: Tensor) -> _Judged:
        vectors, realism = self._seen(pictures)
        score = (vectors * self.tastes).sum(dim=1)
        return _Judged(pictures, score, realism, score - self.eta * (realism - 1).square())

    def _seen(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Phi of pictures, (B, K), and how real they look, (B,)."""
        realism = self.generator.realism(pictures, self._categories(len(pictures)))
        shown = pictures
        if self.scorer.image_size != self.generator.image_size:
            shown = F.interpolate(pictures, size=self.scorer.image_size, mode="nearest")  # as the paper does
        new = torch.full((len(pictures),), -1, device=pictures.device)
        return self.scorer.embed(shown, new), realism

    def ascent(self, z: Tensor, steps: int) -> Iterator[tuple[Tensor, _Judged]]:
        """(z, what it makes) before the first of so many steps and after each."""
        z = self._within(z.detach().clone()).requires_grad_()
        adam = torch.optim.Adam([z], lr=RATE)
        for step in range(steps + 1):
            judged = self.judge(z)
            yield z.detach().clone(), judged
            if step < steps:
                self._move(adam, z, -judged.j.sum())
