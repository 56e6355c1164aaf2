"""Pictures altered as people's photos differ from them, and pictures that show no product."""

import io
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from ml.data.foreground import find_things

Alteration: TypeAlias = Callable[[Image.Image, np.random.Generator], Image.Image]
Size: TypeAlias = tuple[int, int]


def alter(image: Image.Image, number: int, seed: int = 0) -> Image.Image:
    """Return the image altered in one of the ways, by turns; the same for the same number and seed."""
    ways = list(ALTERATIONS.values())
    return ways[number % len(ways)](image, np.random.default_rng((seed, number)))


def colour(rng: np.random.Generator, low: int = 40, high: int = 230) -> tuple[int, int, int]:
    red, green, blue = rng.integers(low, high, 3).tolist()
    return red, green, blue


def margin(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Add a margin of white, black or grey."""
    grounds = ("white", "white", "black", colour(rng))
    return ImageOps.expand(image, round(rng.uniform(0.05, 0.35) * max(image.size)), grounds[rng.integers(4)])


def crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Cut off up to a fifth at each side."""
    width, height = image.size
    left, top, right, bottom = rng.uniform(0, 0.2, 4)
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def tilt(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    angle = rng.uniform(5, 40) * rng.choice((-1, 1))
    return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def quarter_turn(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    return image.transpose(turns[rng.integers(3)])


def mirror(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return margin(ImageOps.mirror(image), rng)


def perspective(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the image as it looks from the side."""
    width, height = image.size
    shifts = rng.uniform(0, 0.15, 8) * np.array([width, height] * 4) * np.array([-1, -1, -1, 1, 1, 1, 1, -1])
    corners = np.array([0, 0, 0, height, width, height, width, 0]) + shifts
    return image.transform(
        image.size, Image.Transform.QUAD, corners.tolist(), Image.Resampling.BICUBIC, fillcolor="white"
    )


def lamp_light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Scale the channels, as the light of lamps and of the evening does."""
    gains = rng.uniform(0.6, 1.0) * np.array([1.0, rng.uniform(0.9, 1), rng.uniform(0.75, 1)])[:: rng.choice((-1, 1))]
    return scaled(image, gains[None, None])


def side_light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the image darker towards one side, or towards all of them."""
    y, x = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    distance = (x * np.cos(angle) + y * np.sin(angle) + 1) / 2 if rng.random() < 0.5 else (x * x + y * y) / 2
    return scaled(image, (1 - rng.uniform(0.2, 0.5) * distance)[..., None])


def flash(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Add the reflection of a flash."""
    y, x = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    at = rng.uniform(-0.5, 0.5, 2)
    spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / rng.uniform(0.02, 0.1))
    return added(image, 160 * spot[..., None])


def haze(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(rng.uniform(0.5, 0.75))


def blur(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.005, 0.02) * max(image.size)))


def noise(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return added(image, rng.normal(0, rng.uniform(8, 30), (image.height, image.width, 3)))


def compression(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Save the image small and in bad quality."""
    small = ImageOps.contain(image, (160, 160))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=int(rng.integers(8, 30)))
    return Image.open(data).convert("RGB")


def moire(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Add the stripes that a photo of a screen has."""
    y, x = np.mgrid[: image.height, : image.width]
    (a, b), period = rng.uniform(-1, 1, 2), rng.uniform(3, 9)
    waves = np.sin(2 * np.pi * (a * x + b * y) / period) + np.sin(2 * np.pi * x / rng.uniform(3, 9))
    return added(image, rng.uniform(6, 14) * waves[..., None])


def occlusion(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Draw over a part of the image, as a finger or a price tag covers it."""
    covered, (width, height) = image.copy(), image.size
    side = rng.uniform(0.15, 0.28) * max(width, height)
    left, top = rng.uniform(0.2, 0.6, 2) * (width, height)
    draw = ImageDraw.Draw(covered)
    shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
    shape((left, top, left + side, top + 0.7 * side), fill=colour(rng))
    return covered


def sheet(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Show the image on a page of an app, between bars, text and a button."""
    width = round(max(image.size) * rng.uniform(1.0, 1.3))
    page = Image.new("RGB", (width, round(width * rng.uniform(1.4, 2.1))), "white" if rng.random() < 0.7 else "#202124")
    draw, unit = ImageDraw.Draw(page), page.width // 20
    draw.rectangle((0, 0, page.width, 2 * unit), fill=colour(rng, 0, 90))
    shown = ImageOps.contain(image, (round(0.9 * page.width), round(0.6 * page.height)))
    top = int(rng.integers(3, 6)) * unit
    page.paste(shown, ((page.width - shown.width) // 2, top))
    for line in range(3):
        y = top + shown.height + (1 + 2 * line) * unit
        draw.text(
            (unit, y), "A product with a name, in stock, 49.95 EUR"[: 12 + 10 * line], fill="grey", font_size=unit
        )
    draw.rectangle((unit, page.height - 4 * unit, page.width - unit, page.height - 2 * unit), fill=colour(rng))
    return page


def beside(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Show something smaller beside the product."""
    width, height = image.size
    side = round(0.3 * max(width, height))
    scene = ImageOps.expand(image, (side // 4, side // 4, side + side // 4, side // 4), "white")
    left, top = width + side // 4, int(rng.integers(side // 4, max(side // 4 + 1, height - side)))
    draw = ImageDraw.Draw(scene)
    shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
    shape((left, top, left + side, top + side), fill=colour(rng))
    return scene


def on_ground(ground: Callable[[Size, np.random.Generator], Image.Image]) -> Alteration:
    """Return the alteration that lays the product on another ground, with a soft shadow."""

    def lay(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = image.size
        scene = ground((round(1.2 * width), round(1.2 * height)), rng)
        at = ((scene.width - width) // 2, (scene.height - height) // 2)
        things = find_things(image)
        whole = np.ones((2, 2), dtype=bool)
        mask = Image.fromarray(np.where(things[0].mask if things else whole, 255, 0).astype(np.uint8))
        mask = mask.filter(ImageFilter.MinFilter(3)).resize(image.size, Image.Resampling.BICUBIC)
        shadow = Image.new("L", scene.size)
        shadow.paste(mask.point(lambda level: level // 3), (at[0] + width // 40, at[1] + height // 30))
        scene.paste((0, 0, 0), mask=shadow.filter(ImageFilter.GaussianBlur(width / 40)))
        scene.paste(image, at, mask)
        return scene

    return lay


def plain(size: Size, rng: np.random.Generator) -> Image.Image:
    return Image.new("RGB", size, colour(rng))


def two_plains(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return a table before a wall."""
    image = Image.new("RGB", size, colour(rng))
    image.paste(colour(rng), (0, round(size[1] * rng.uniform(0.3, 0.7)), *size))
    return image


def wood(size: Size, rng: np.random.Generator) -> Image.Image:
    width, height = size
    grain = 9 * rng.normal(size=(height, 1)) + 7 * np.sin(np.arange(width) / 60 + rng.normal(0, 0.2, (height, 1)))
    boards = np.where(np.arange(height) % max(2, height // 4) < 3, -45, 0)[:, None]
    return to_image(np.array(colour(rng, 90, 200)) + (grain + boards)[..., None])


def checks(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return a chequered or striped cloth."""
    step = max(2, size[0] // int(rng.integers(6, 14)))
    x, y = np.arange(size[0]) // step % 2, np.arange(size[1])[:, None] // step % 2
    odd = x ^ y if rng.random() < 0.5 else x + 0 * y
    return to_image(np.where(odd[..., None] == 1, colour(rng), colour(rng)))


def carpet(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return a ground of fine grain, such as a carpet, grass or gravel."""
    grain = Image.fromarray(rng.normal(0, 1, (size[1] // 2 + 1, size[0] // 2 + 1)).astype(np.float32))
    pixels = np.asarray(grain.resize(size, Image.Resampling.BILINEAR))[..., None]
    return to_image(np.array(colour(rng, 60, 200)) + rng.uniform(10, 35) * pixels)


def scaled(image: Image.Image, factors: np.ndarray) -> Image.Image:
    return to_image(np.asarray(image) * factors)


def added(image: Image.Image, levels: np.ndarray) -> Image.Image:
    return to_image(np.asarray(image) + levels)


def to_image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


ALTERATIONS: dict[str, Alteration] = {
    "margin": margin,
    "crop": crop,
    "tilt": tilt,
    "quarter turn": quarter_turn,
    "mirror": mirror,
    "perspective": perspective,
    "lamp light": lamp_light,
    "side light": side_light,
    "flash": flash,
    "haze": haze,
    "blur": blur,
    "noise": noise,
    "compression": compression,
    "moire": moire,
    "occlusion": occlusion,
    "page of an app": sheet,
    "something beside": beside,
    "plain ground": on_ground(plain),
    "two grounds": on_ground(two_plains),
    "wooden ground": on_ground(wood),
    "chequered ground": on_ground(checks),
    "carpet": on_ground(carpet),
}

# ---- pictures that show no product


def static(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return random colours, fine or coarse."""
    cells = 2 ** int(rng.integers(3, 9))
    small = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.NEAREST if rng.random() < 0.5 else Image.Resampling.BILINEAR)


def gradient(size: Size, rng: np.random.Generator) -> Image.Image:
    share = np.linspace(0, 1, size[1])[:, None, None] * np.ones((1, size[0], 1))
    image = to_image(share * colour(rng, 0, 256) + (1 - share) * colour(rng, 0, 256))
    return image.rotate(90 * int(rng.integers(4)))


def text(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return a page of words."""
    dark, light = colour(rng, 0, 80), colour(rng, 200, 256)
    paper, ink = (light, dark) if rng.random() < 0.6 else (dark, light)
    page, step = Image.new("RGB", size, paper), max(8, size[1] // int(rng.integers(15, 40)))
    draw = ImageDraw.Draw(page)
    for y in range(step, size[1] - step, step):
        words = ["the of and to in is that for it as was with be by on not"[i : i + 7] for i in rng.integers(0, 45, 12)]
        draw.text((step, y), " ".join(words), fill=ink, font_size=max(6, round(0.7 * step)))
    return page


def scenery(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return hills below a sky."""
    image, (width, height) = gradient(size, rng), size
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 4))):
        line = [(x * width / 6, height * rng.uniform(0.4, 0.9)) for x in range(7)]
        draw.polygon([(0, height), *line, (width, height)], fill=colour(rng, 0, 200))
    return image.filter(ImageFilter.GaussianBlur(width / 200))


def clouds(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return noise that is the stronger the coarser it is, as in walls, skies and blurred rooms."""
    image = to_image(np.full((size[1], size[0], 3), 128.0))
    for cells in (4, 8, 16):
        small = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        image = ImageChops.blend(image, small.resize(size, Image.Resampling.BICUBIC), 0.4)
    return image


NOT_PRODUCTS: dict[str, Callable[[Size, np.random.Generator], Image.Image]] = {
    "plain": plain,
    "static": static,
    "gradient": gradient,
    "text": text,
    "scenery": scenery,
    "clouds": clouds,
    "checks": checks,
    "carpet": carpet,
    "wood": wood,
}


def no_product(number: int, seed: int = 0) -> Image.Image:
    """Return a picture that shows no product, of one kind after another; the same for the same number and seed."""
    kinds = list(NOT_PRODUCTS.values())
    return kinds[number % len(kinds)]((400, 400), np.random.default_rng((seed, number)))
