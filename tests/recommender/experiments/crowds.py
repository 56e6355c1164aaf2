"""Visitors with known rates of clicks: their impressions and clicks, as the shop would have stored them."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from django.utils import timezone

from catalog.models import Interaction, Product
from recommender.experiments.models import Arm, Experiment
from recommender.models import Impression
from tests.factories import ProductFactory


def visit(
    experiment: Experiment,
    rates: Mapping[str, float],
    visitors: int,
    generator: np.random.Generator,
    *,
    kind: str = "click",
    placement: str = "product",
) -> None:
    """Have so many visitors of each arm see 1 to 5 lists, after which they act at the arm's rate, on average."""
    product = Product.objects.first() or ProductFactory(image=False)
    arms = {arm.name: arm for arm in experiment.arms.all()}
    seen, acts = [], []
    for name, rate in rates.items():
        for person in generator.integers(0, 2**62, visitors):
            own = generator.beta(4, 4 / rate - 4) if rate else 0.0  # some act more than others
            for _ in range(1 + generator.binomial(4, 0.3)):
                shown = impression(experiment, arms[name], int(person), placement=placement)
                seen.append(shown)
                if generator.random() < own:
                    acts.append(event(shown, product, kind))
    Impression.objects.bulk_create(seen)
    Interaction.objects.bulk_create(acts)


def impression(experiment: Experiment, arm: Arm, visitor: int, **fields) -> Impression:
    fields = {"placement": "product", "strategy": "similar", "positions": [1], "version": arm.version_id} | fields
    return Impression(recommendation_id=uuid.uuid4(), experiment=experiment.pk, arm=arm.pk, visitor=visitor, **fields)


def event(shown: Impression, product: Product, kind: str = "click") -> Interaction:
    """What a guest did with a product of a list."""
    return Interaction(
        session=f"guest-{shown.visitor}",
        product=product,
        kind=kind,
        occurred_at=timezone.now() + timedelta(seconds=1),
        recommendation_id=shown.recommendation_id,
    )
