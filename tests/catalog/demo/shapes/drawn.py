"""Products of one category, drawn once for every choice of one trait."""

from itertools import product as combinations

import numpy as np

from catalog.demo.canvas import FINE
from catalog.demo.families import FAMILIES
from catalog.demo.plan import DrawnProduct, plan_catalog
from catalog.demo.scene import Scene, build_scene
from catalog.demo.shapes import SHAPES


def variants(category: str) -> list[DrawnProduct]:
    """A product for each combination of the category's traits, all else equal."""
    family = next(family for family in FAMILIES if family.category == category)
    planned = next(product for product in plan_catalog(56) if product.category == category)
    choices = [dict(zip(family.traits, words, strict=True)) for words in combinations(*family.traits.values())]
    return [
        DrawnProduct(planned.sku, planned.title, category, planned.price, planned.attributes | choice)
        for choice in choices
    ]


def laid_out(product: DrawnProduct, seed: int = 0) -> tuple[Scene, float | None]:
    """The scene after the product's shape was drawn, and y of its floor."""
    scene = build_scene(product, np.random.default_rng(seed))
    return scene, SHAPES[product.category](scene)


def check_shapes(category: str, *, stands: bool, below: float = 1.0) -> None:
    """Each combination covers a part of the canvas of its own, the same for the same seed, and stands on the floor.

    below: units that its lowest point may be off the floor.
    """
    covers = []
    for product in variants(category):
        scene, floor = laid_out(product)
        covered = scene.canvas.cover > 0.5
        assert 0.02 < covered.mean() < 0.8, product.attributes
        assert np.isfinite(scene.canvas.light).all()
        assert (floor is not None) is stands
        if floor is not None:
            lowest = np.flatnonzero(covered.any(axis=1))[-1] * 100 / FINE
            assert abs(lowest - floor) < below, product.attributes
        covers.append(scene.canvas.light.tobytes())
    assert len(set(covers)) == len(covers)
    assert laid_out(variants(category)[0])[0].canvas.light.tobytes() == covers[0]
    assert laid_out(variants(category)[0], seed=1)[0].canvas.light.tobytes() != covers[0]
