"""Drawing of a planned product as a photo on white."""

import zlib

import numpy as np
from PIL import Image

from catalog.demo.plan import DrawnProduct
from catalog.demo.scene import build_scene
from catalog.demo.shapes import SHAPES


def draw(product: DrawnProduct, seed: int = 0) -> Image.Image:
    """Draw a product: 160 x 160 RGB on white. Depends on the product and the seed alone, not on the order of calls."""
    rng = np.random.default_rng([seed, 4, zlib.crc32(product.sku.encode())])
    scene = build_scene(product, rng)
    floor = SHAPES[product.category](scene)
    return scene.canvas.render(floor)
