"""One generator's designs for users whose tastes are known, and what they are worth."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ml.benchmark.designs import sheets
from ml.benchmark.designs.measures import Classifier, Critic, nearest
from ml.benchmark.runs import say
from ml.contract import DesignModel
from ml.data.labelled_images import LabelledImages
from ml.evaluation import report
from ml.generation.search import INVERSION_STEPS, STEPS, Tailored, design, tailor
from ml.nn import image_similarity

ETAS = (0.0, 0.1, 1.0, 10.0)
EACH, STARTS = 4, 8  # pictures a user and set, and latents that a search for them sets out from
TAILORED, BUDGETS = 3, np.linspace(0, 0.1, 11)  # products of a category that are tailored, and how far
SHOPPERS = 4  # in the batch whose seconds are told
REAL, BEST, MADE = "random real", "best real", "random made"
SETS = (REAL, BEST, MADE, *(f"eta {eta:g}" for eta in ETAS))
OF_SETS = ("diversity", "recognised")  # figures that a set of pictures has, and no one user
Figures = dict[str, Any]


@dataclass(frozen=True)
class World:
    """The same products, users and critics for every generator."""

    garments: LabelledImages
    scorer: Critic
    judge: Critic
    classifier: Classifier
    users: list[np.ndarray]  # by category
    seed: int
    steps: int = STEPS  # of each search
    progress: bool = False


@dataclass
class Study:
    """One generator: its pictures for each category and set, and what they are worth."""

    world: World
    generator: DesignModel
    pictures: dict[str, list[Tensor]] = field(default_factory=dict)  # set: by category
    tailored: list[tuple[int, int, Tailored]] = field(default_factory=list)  # (category, user, what was made)

    def figures(self) -> tuple[Figures, dict[str, float]]:
        world, seed = self.world, self.world.seed
        began = time.monotonic()
        columns: dict[str, list[np.ndarray]] = {}
        told: dict[str, Figures] = {}
        for category, name in enumerate(world.garments.names):
            if not len(world.users[category]):
                continue
            say(f"designing {name}", world.progress)
            rows = self._rows(category)
            told[name] = report.of(rows, seed).as_dict()
            told[name]["metrics"] |= self._of_sets(category)
            for key, each in rows.items():
                columns.setdefault(key, []).append(each)
        pooled = report.of({key: np.concatenate(each) for key, each in columns.items()}, seed).as_dict()
        pooled["metrics"] |= self._means_of_sets(told) | self._of_all()
        figures = pooled | {"categories": told, "nearest": self._nearest(), "tailoring": self._tailoring()}
        return figures, {"evaluate": time.monotonic() - began, **self._seconds()}

    def _rows(self, category: int) -> dict[str, np.ndarray]:
        """By figure/set each user's mean, in that user's standard deviations among the category's products."""
        world = self.world
        rows: dict[str, list[float]] = {}
        sets = self._sets(category)
        for place, user in enumerate(world.users[category].tolist()):
            best: dict[str, float] = {}
            for name in SETS:
                pictures = sets[name][place]
                realism = self.generator.realism(pictures, torch.full((len(pictures),), category)).detach()
                rows.setdefault(f"realism/{name}", []).append(realism.mean().item())
                for figure, critic in (("liked", world.scorer), ("judged", world.judge)):
                    liking = critic.liking(user, category, pictures).mean().item()
                    if name == BEST:
                        best[figure] = liking
                    rows.setdefault(f"{figure}/{name}", []).append(liking)
                    if name in SETS[2:]:
                        rows.setdefault(f"{figure} above best real/{name}", []).append(liking - best[figure])
        for name in SETS:
            self.pictures.setdefault(name, []).append(torch.cat(sets[name]))
        return {name: np.array(each) for name, each in rows.items()}

    def _sets(self, category: int) -> dict[str, list[Tensor]]:
        """Of each set EACH pictures a user."""
        world, seed = self.world, self.world.seed
        users = world.users[category].tolist()
        products = world.garments.indices_of(category)
        chance = torch.Generator().manual_seed(seed + category)
        sets: dict[str, list[Tensor]] = {name: [] for name in SETS}
        for user in users:
            best = world.scorer.scores(user, category).topk(EACH).indices.numpy()
            drawn = torch.randint(len(products), (EACH,), generator=chance).numpy()
            sets[REAL].append(world.garments.images.batch(products[drawn]))
            sets[BEST].append(world.garments.images.batch(products[best]))
            z = torch.randn(EACH, self.generator.latent, generator=chance)
            with torch.no_grad():
                sets[MADE].append(self.generator.generate(z, torch.full((EACH,), category)))
        tastes = world.scorer.tastes[users]
        for eta in ETAS:
            asked = {"count": EACH, "eta": eta, "seed": seed + category, "starts": STARTS, "steps": world.steps}
            found = design(self.generator, world.scorer.model, tastes, category, **asked)
            sets[f"eta {eta:g}"] = [designs.pictures for designs in found]
        return sets

    def _of_sets(self, category: int) -> Figures:
        chance = torch.Generator().manual_seed(self.world.seed)
        figures = {}
        for name in SETS:
            pictures = self.pictures[name][-1]
            if len(pictures) > 1:
                figures[f"diversity/{name}"] = image_similarity.diversity(pictures, chance)
            figures[f"recognised/{name}"] = self.world.classifier.recognised(pictures, category)
        return figures

    def _means_of_sets(self, told: dict[str, Figures]) -> Figures:
        names = {name: None for part in told.values() for name in part["metrics"] if name.startswith(OF_SETS)}
        each = {name: [part["metrics"][name] for part in told.values() if name in part["metrics"]] for name in names}
        return {name: float(np.mean(values)) for name, values in each.items()}

    def _of_all(self) -> Figures:
        return {
            f"classifier score/{name}": self.world.classifier.score(torch.cat(self.pictures[name])) for name in SETS
        }

    def _nearest(self) -> Figures:
        """How near designs, and for comparison products, are to the nearest product trained on."""
        world = self.world
        found = {
            name: nearest(torch.cat(self.pictures[name]), world.garments, world.classifier) for name in (MADE, "eta 1")
        }
        rng = np.random.default_rng(world.seed)
        some = rng.permutation(len(world.garments.images))[: len(torch.cat(self.pictures["eta 1"]))]
        real = nearest(world.garments.images.batch(some), world.garments, world.classifier, but=some)
        return {name: each.as_dict() for name, each in ((REAL, real), *found.items())}

    def _tailoring(self) -> Figures:
        """What each step's amount of change brings, over products that the generator can make."""
        world, seed = self.world, self.world.seed
        rng = np.random.default_rng(seed)
        errors = []
        for category in range(len(world.garments.names)):
            for user in world.users[category][:TAILORED].tolist():
                product = int(rng.choice(world.garments.indices_of(category)))
                picture = world.garments.images.batch([product])[0]
                asked = {"budget": BUDGETS[-1], "seed": seed, "limit": 1.0}  # judged below, so that no error is untold
                asked |= {"steps": world.steps, "inversion_steps": min(INVERSION_STEPS, 10 * world.steps)}
                made = tailor(self.generator, world.scorer.model, world.scorer.tastes[user], picture, category, **asked)
                errors.append(made.original.change)
                if made.original.change <= self.generator.limit(category):
                    self.tailored.append((category, user, made))
        refused = 1 - len(self.tailored) / len(errors)
        return {"errors": errors, "refused": refused, "curve": self._curve()}

    def _curve(self) -> list[Figures]:
        return [self._at(budget) for budget in BUDGETS] if self.tailored else []

    def _at(self, change: float) -> Figures:
        """Means over what was tailored, each at its last step within this amount of change, from its approximation."""
        gains: dict[str, list[float]] = {"liked": [], "judged": [], "realism": [], "change": []}
        for category, user, made in self.tailored:
            step = [made.approximation, *(step for step in made.steps if step.change <= change)][-1]
            pair = torch.stack([made.approximation.picture, step.picture])
            for figure, critic in (("liked", self.world.scorer), ("judged", self.world.judge)):
                before, after = critic.liking(user, category, pair).tolist()
                gains[figure].append(after - before)
            gains["realism"].append(step.realism)
            gains["change"].append(step.change)
        return {"budget": round(float(change), 3), **{name: float(np.mean(each)) for name, each in gains.items()}}

    def _seconds(self) -> dict[str, float]:
        """Of a request for a dozen designs, on the clock and of the processor, and of one for several shoppers."""
        world = self.world
        tastes = world.scorer.tastes[:SHOPPERS]
        clock, processor = time.monotonic(), time.process_time()
        asked = {"count": 12, "eta": 1.0, "seed": 0, "steps": world.steps}
        design(self.generator, world.scorer.model, tastes[:1], 0, **asked)
        alone = time.monotonic() - clock, time.process_time() - processor
        processor = time.process_time()
        design(self.generator, world.scorer.model, tastes, 0, **asked)
        together = (time.process_time() - processor) / len(tastes)
        return {"a dozen": alone[0], "a dozen, processor": alone[1], "a dozen in a batch, processor": together}

    def draw(self, folder: Path) -> None:
        """Made pictures alone: the products themselves are not ours to show."""
        folder.mkdir(parents=True, exist_ok=True)
        names = [name for name, users in zip(self.world.garments.names, self.world.users, strict=True) if len(users)]
        sheets.draw(folder / f"{self.generator.method}.png", self.generator.method, names, self.pictures)
        if not self.tailored:
            return
        sheets.draw_tailored(folder / f"{self.generator.method}-tailored.png", [made for _, _, made in self.tailored])
        sheets.draw_curve(folder / f"{self.generator.method}-curve.png", self._curve())
