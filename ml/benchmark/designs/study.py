"""Evaluation of one generator's designs for users whose tastes are known."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ml.benchmark.compare import Document
from ml.benchmark.designs import distances, sheets
from ml.benchmark.designs.measures import Classifier, Critic, find_nearest
from ml.benchmark.runs import report_progress
from ml.contract import DesignModel
from ml.data.labelled_images import LabelledImages
from ml.evaluation import report
from ml.generation.search import INVERSION_STEPS, STEPS, Tailored, design, tailor
from ml.nn import image_similarity

ETAS = (0.0, 0.1, 1.0, 10.0)
COMPARED = 1000  # random images, of all categories, that are compared with all products
EACH, STARTS = 4, 8  # images for each user and set, and starts of the search for them
TAILORED, BUDGETS = 3, np.linspace(0, 0.1, 11)  # products of a category that are tailored; budgets of change
SHOPPERS = 4  # in the batch whose seconds are measured
REAL, BEST, GENERATED = "random real", "best real", "random made"
SETS = (REAL, BEST, GENERATED, *(f"eta {eta:g}" for eta in ETAS))
OF_SETS = ("diversity", "recognised")  # figures of a set of images, not of a user


@dataclass(frozen=True)
class Setup:
    """Products, users and critics that are the same for every generator."""

    products: LabelledImages
    scorer: Critic
    judge: Critic
    classifier: Classifier
    users: list[np.ndarray]  # by category
    seed: int
    steps: int = STEPS  # of each search
    progress: bool = False


@dataclass
class Study:
    """One generator: its images for each category and set, and their figures."""

    setup: Setup
    generator: DesignModel
    images: dict[str, list[Tensor]] = field(default_factory=dict)  # set: by category
    tailored: list[tuple[int, int, Tailored]] = field(default_factory=list)  # (category, user, tailored)

    def measure(self) -> tuple[Document, dict[str, float]]:
        """Generate all images; return their figures, and seconds by what took them."""
        setup, seed = self.setup, self.setup.seed
        began = time.monotonic()
        columns: dict[str, list[np.ndarray]] = {}
        by_category: dict[str, report.Figures] = {}
        for category, name in enumerate(setup.products.names):
            if not len(setup.users[category]):
                continue
            report_progress(f"designing {name}", setup.progress)
            rows = self._measure_users(category)
            by_category[name] = report.average(rows, seed).as_dict()
            by_category[name]["metrics"] |= self._measure_sets(category)
            for key, each in rows.items():
                columns.setdefault(key, []).append(each)
        pooled = report.average({key: np.concatenate(each) for key, each in columns.items()}, seed).as_dict()
        pooled["metrics"] |= self._average_sets(by_category) | self._measure_all()
        figures = {
            **pooled,
            "categories": by_category,
            "nearest": self._measure_nearest(),
            "distances": self._measure_distances(),
            "tailoring": self._measure_tailoring(),
        }
        return figures, {"evaluate": time.monotonic() - began, **self._measure_seconds()}

    def _measure_users(self, category: int) -> dict[str, np.ndarray]:
        """Compute for each figure and each set of images the mean of every user, under the key "figure/set".

        Scores are in standard deviations of the user's scores of the category's products.
        """
        setup = self.setup
        rows: dict[str, list[float]] = {}
        sets = self._collect_sets(category)
        for index, user in enumerate(setup.users[category].tolist()):
            best: dict[str, float] = {}
            for name in SETS:
                images = sets[name][index]
                realism = self.generator.realism(images, torch.full((len(images),), category)).detach()
                rows.setdefault(f"realism/{name}", []).append(realism.mean().item())
                for figure, critic in (("liked", setup.scorer), ("judged", setup.judge)):
                    score = critic.standard_scores(user, category, images).mean().item()
                    if name == BEST:
                        best[figure] = score
                    rows.setdefault(f"{figure}/{name}", []).append(score)
                    if name in SETS[2:]:
                        rows.setdefault(f"{figure} above best real/{name}", []).append(score - best[figure])
        for name in SETS:
            self.images.setdefault(name, []).append(torch.cat(sets[name]))
        return {name: np.array(each) for name, each in rows.items()}

    def _collect_sets(self, category: int) -> dict[str, list[Tensor]]:
        """Collect the images that are compared: for each set, by name, EACH images for each user of the category."""
        setup, seed = self.setup, self.setup.seed
        users = setup.users[category].tolist()
        products = setup.products.indices_of(category)
        random = torch.Generator().manual_seed(seed + category)
        sets: dict[str, list[Tensor]] = {name: [] for name in SETS}
        for user in users:
            best = setup.scorer.scores(user, category).topk(EACH).indices.numpy()
            drawn = torch.randint(len(products), (EACH,), generator=random).numpy()
            sets[REAL].append(setup.products.images.batch(products[drawn]))
            sets[BEST].append(setup.products.images.batch(products[best]))
            z = torch.randn(EACH, self.generator.latent, generator=random)
            with torch.no_grad():
                sets[GENERATED].append(self.generator.generate(z, torch.full((EACH,), category)))
        tastes = setup.scorer.tastes[users]
        for eta in ETAS:
            found = design(
                self.generator,
                setup.scorer.model,
                tastes,
                category,
                count=EACH,
                eta=eta,
                seed=seed + category,
                starts=STARTS,
                steps=setup.steps,
            )
            sets[f"eta {eta:g}"] = [designs.images for designs in found]
        return sets

    def _measure_sets(self, category: int) -> dict[str, float]:
        random = torch.Generator().manual_seed(self.setup.seed)
        figures = {}
        for name in SETS:
            images = self.images[name][-1]
            if len(images) > 1:
                figures[f"diversity/{name}"] = image_similarity.diversity(images, random)
            figures[f"recognised/{name}"] = self.setup.classifier.share_recognised(images, category)
        return figures

    def _average_sets(self, by_category: dict[str, report.Figures]) -> dict[str, float]:
        metrics = [figures["metrics"] for figures in by_category.values()]
        names = {name: None for each in metrics for name in each if name.startswith(OF_SETS)}
        return {name: float(np.mean([each[name] for each in metrics if name in each])) for name in names}

    def _measure_all(self) -> dict[str, float]:
        score = self.setup.classifier.score
        return {f"classifier score/{name}": score(torch.cat(self.images[name])) for name in SETS}

    def _measure_nearest(self) -> dict[str, dict[str, float]]:
        """Measure the distances of designs, and for comparison of products, from the nearest product trained on."""
        products, classifier = self.setup.products, self.setup.classifier
        found = {
            name: find_nearest(torch.cat(self.images[name]), products, classifier) for name in (GENERATED, "eta 1")
        }
        rng = np.random.default_rng(self.setup.seed)
        some = rng.permutation(len(products.images))[: len(torch.cat(self.images["eta 1"]))]
        real = find_nearest(products.images.batch(some), products, classifier, excluded=some)
        return {name: each.as_dict() for name, each in ((REAL, real), *found.items())}

    def _measure_distances(self) -> dict[str, dict[str, float]]:
        """Measure how far random images are from products as sets, and for comparison one half of products."""
        classifier, random = self.setup.classifier, torch.Generator().manual_seed(self.setup.seed)
        products = classifier.scaled(classifier.products)
        count = -(-COMPARED // self.generator.categories)
        generated = classifier.scaled(classifier.describe(self.generator.sample(count, random)))
        parts = products[torch.randperm(len(products), generator=random)].chunk(2)
        pairs = {REAL: parts, GENERATED: (products, generated)}
        return {name: distances.measure(*pair).as_dict() for name, pair in pairs.items()}

    def _measure_tailoring(self) -> Document:
        """Tailor some products, and measure the gains over those that are within the generator's limit."""
        setup, seed = self.setup, self.setup.seed
        rng = np.random.default_rng(seed)
        errors = []
        for category in range(len(setup.products.names)):
            for user in setup.users[category][:TAILORED].tolist():
                product = int(rng.choice(setup.products.indices_of(category)))
                image = setup.products.images.batch([product])[0]
                tailored = tailor(
                    self.generator,
                    setup.scorer.model,
                    setup.scorer.tastes[user],
                    image,
                    category,
                    budget=BUDGETS[-1],
                    seed=seed,
                    limit=1.0,  # the limit is applied below, so that the errors of all are in the document
                    steps=setup.steps,
                    inversion_steps=min(INVERSION_STEPS, 10 * setup.steps),
                )
                errors.append(tailored.original.change)
                if tailored.original.change <= self.generator.limit(category):
                    self.tailored.append((category, user, tailored))
        refused = 1 - len(self.tailored) / len(errors)
        return {"errors": errors, "refused": refused, "curve": self._curve()}

    def _curve(self) -> list[sheets.CurvePoint]:
        return [self._measure_budget(budget) for budget in BUDGETS.tolist()] if self.tailored else []

    def _measure_budget(self, budget: float) -> sheets.CurvePoint:
        """Average the gains over all tailored products, each at its last step within this budget of change."""
        liked: list[float] = []
        judged: list[float] = []
        steps = []
        for category, user, tailored in self.tailored:
            step = [tailored.approximation, *(step for step in tailored.steps if step.change <= budget)][-1]
            pair = torch.stack([tailored.approximation.image, step.image])
            for gains, critic in ((liked, self.setup.scorer), (judged, self.setup.judge)):
                before, after = critic.standard_scores(user, category, pair).tolist()
                gains.append(after - before)
            steps.append(step)
        return {
            "budget": round(budget, 3),
            "liked": float(np.mean(liked)),
            "judged": float(np.mean(judged)),
            "realism": float(np.mean([step.realism for step in steps])),
            "change": float(np.mean([step.change for step in steps])),
        }

    def _measure_seconds(self) -> dict[str, float]:
        """Measure a request for a dozen designs, in wall and processor time, and one for several users at once."""
        setup = self.setup
        tastes = setup.scorer.tastes[:SHOPPERS]

        def search(tastes: Tensor) -> None:
            design(self.generator, setup.scorer.model, tastes, 0, count=12, eta=1.0, seed=0, steps=setup.steps)

        clock, processor = time.monotonic(), time.process_time()
        search(tastes[:1])
        alone = time.monotonic() - clock, time.process_time() - processor
        processor = time.process_time()
        search(tastes)
        together = (time.process_time() - processor) / len(tastes)
        return {"a dozen": alone[0], "a dozen, processor": alone[1], "a dozen in a batch, processor": together}

    def draw(self, folder: Path) -> None:
        """Draw sheets of generated images alone: those of products may be under copyright."""
        folder.mkdir(parents=True, exist_ok=True)
        names = [name for name, users in zip(self.setup.products.names, self.setup.users, strict=True) if len(users)]
        sheets.draw_designs(folder / f"{self.generator.method}.png", self.generator.method, names, self.images)
        if not self.tailored:
            return
        tailored = [each for _, _, each in self.tailored]
        sheets.draw_tailored(folder / f"{self.generator.method}-tailored.png", tailored)
        sheets.draw_curve(folder / f"{self.generator.method}-curve.png", self._curve())
