"""A studio photograph of a product that does not exist."""

import zlib

import numpy as np
from PIL import Image

from catalog.demo.look import look_of
from catalog.demo.plan import DrawnProduct
from catalog.demo.shapes import SHAPES


def draw(product: DrawnProduct, seed: int = 0) -> Image.Image:
    """160 x 160 RGB on white. Depends on nothing but the product and the seed, so order does not matter."""
    rng = np.random.default_rng([seed, 4, zlib.crc32(product.sku.encode())])
    look = look_of(product, rng)
    floor = SHAPES[product.category](look)
    return look.studio.photograph(floor)
