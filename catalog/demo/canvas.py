"""Canvas: parts are laid on it one after the other, each lit at once, and rendered on white."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from catalog.demo.materials import MATERIALS
from catalog.demo.paths import ribbon
from catalog.demo.patterns import Pattern
from catalog.demo.relief import noise, normals, slopes, unit

SIDE = 160  # pixels of the finished image
FINE = 320  # pixels while drawing
UNIT = FINE / 100  # pixels a unit
FILLED = 0.91  # share of the frame that the longer side of a product fills,
SMALLEST = 0.62  # unless it is smaller than this share of the canvas: small things stay small
FLOOR = 48  # fine pixels above and below the floor's line that its shadow reaches
OVER = 2  # masks are drawn this many times larger still, for soft edges

KEY = np.array([-0.42, -0.62, 0.66], dtype=np.float32)  # direction of the lamp: above, to the left, in front
FILL = np.array([0.75, 0.10, 0.55], dtype=np.float32)
HALF = (KEY + [0, 0, 1]) / np.linalg.norm(KEY + [0, 0, 1])
LAMPS = np.stack([KEY, FILL, HALF]).astype(np.float32)
GAMMA = np.float32(2.2)
BLACK, LIT = np.zeros(3, dtype=np.float32), np.full(3, 1.6, dtype=np.float32)


@dataclass(frozen=True)
class Surface:
    """Surface of a part. colour, accent: (3,) linear light in 0 to 1; the pattern says where the accent goes."""

    material: str
    colour: np.ndarray
    accent: np.ndarray | None = None
    pattern: Pattern | None = None
    folds: float = 0.0  # depth of soft creases


@dataclass
class Canvas:
    """Light, (3, FINE, FINE), and coverage, (FINE, FINE), of the parts that were added so far."""

    rng: np.random.Generator
    light: np.ndarray = field(default_factory=lambda: np.zeros((3, FINE, FINE), dtype=np.float32))
    cover: np.ndarray = field(default_factory=lambda: np.zeros((FINE, FINE), dtype=np.float32))

    def add(
        self, *outlines: np.ndarray, surface: Surface, thick: float = 9.0, lift: float = 0.0, opacity: float = 1.0
    ) -> None:
        """Add a part of one or several outlines.

        thick: units; how far in from its rim the part is round. lift: units that it floats above what lies under
        it, and so how wide a shadow it throws there.
        """
        box, mask = _mask(outlines)
        if mask is None:
            return
        rows, columns = box
        if lift:
            self._shade_below(box, mask, lift)
        lit = self._lit(mask, surface, thick, rows.start, columns.start)
        mask = mask * np.float32(opacity)
        self.light[:, rows, columns] *= 1 - mask
        self.light[:, rows, columns] += lit * mask
        self.cover[rows, columns] += (1 - self.cover[rows, columns]) * mask

    def tint(self, *outlines: np.ndarray, colour: np.ndarray, strength: float = 1.0, soft: float = 0.0) -> None:
        """Dye the parts below and keep their shading: for a seam, a print, the dark inside of a shoe. soft: units."""
        box, mask = _mask(outlines, soft)
        if mask is None:
            return
        rows, columns = box
        here = self.light[:, rows, columns]
        here *= 1 - strength * mask * (1 - colour[:, None, None])

    def add_seam(self, line: np.ndarray, depth: float = 0.6, width: float = 0.6) -> None:
        """Draw a sewn seam: a dark line with a light one below."""
        self.tint(ribbon(line, width), colour=BLACK, strength=depth)
        self.tint(ribbon(line + [0.35, 0.55], width), colour=LIT, strength=0.6 * depth)

    def render(self, floor: float | None) -> Image.Image:
        """Render the image. floor: y, in units, of the floor the product stands on; None for one that hangs."""
        white = np.float32(1) - self._shadow(floor)
        rgb = self.light + white * (1 - self.cover)
        np.clip(rgb, 0, 1, out=rgb)
        grey = rgb < 1  # most of the frame is white, which a power leaves as it is
        rgb[grey] **= 1 / GAMMA
        pixels = (rgb.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
        framed = Image.new("RGB", (3 * FINE, 3 * FINE), "white")
        framed.paste(Image.fromarray(pixels), (FINE, FINE))
        return framed.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=self._frame())

    def _frame(self) -> tuple[float, float, float, float]:
        """Return the square to show around the product, in fine pixels of a canvas with a blank one on every side."""
        rows, columns = np.flatnonzero(self.cover.any(axis=1)), np.flatnonzero(self.cover.any(axis=0))
        y, x = (FINE + (span[0] + span[-1]) / 2 for span in (rows, columns))
        half = max(rows[-1] - rows[0], columns[-1] - columns[0], FINE * SMALLEST) / 2 / FILLED
        return x - half, y - half, x + half, y + half

    def _lit(self, mask: np.ndarray, surface: Surface, thick: float, top: int, left: int) -> np.ndarray:
        material = MATERIALS[surface.material]
        height, width = mask.shape
        y, x = np.mgrid[top : top + height, left : left + width].astype(np.float32) / np.float32(UNIT)
        n = normals(mask, thick * UNIT)
        relief = np.zeros_like(mask)
        colour = np.broadcast_to(surface.colour[:, None, None], (3, height, width))
        if surface.pattern is not None and surface.accent is not None:
            share = surface.pattern(x, y, self.rng)
            colour = colour + (surface.accent[:, None, None] - colour) * share
        if surface.folds:
            relief += surface.folds * noise(self.rng, mask.shape, 20, stretch=2.4)
        if material.texture is not None:
            texture = material.texture(x, y, self.rng)
            relief += material.bump * texture
            colour = colour * (1 + material.mottle * texture)
        if relief.any():
            dy, dx = slopes(relief)
            n[0] -= dx
            n[1] -= dy
            unit(n)
        key, fill, half = np.maximum(np.tensordot(LAMPS, n, axes=1), 0)
        sky = 0.5 - 0.5 * n[1]
        diffuse = 0.16 + 0.22 * sky + 0.82 * key + 0.12 * fill
        diffuse *= 1 - 0.30 * (1 - n[2]) ** 2
        gleam = half**material.gloss * material.shine
        if material.mirror:
            gleam += material.mirror * _softbox(n)
        if material.fuzz:
            diffuse += material.fuzz * (1 - n[2]) ** 2
        lit: np.ndarray = colour * diffuse + gleam
        return lit

    def _shade_below(self, box: tuple[slice, slice], mask: np.ndarray, lift: float) -> None:
        margin = int(3 * lift * UNIT) + 2
        rows = slice(max(0, box[0].start - margin), min(FINE, box[0].stop + margin))
        columns = slice(max(0, box[1].start - margin), min(FINE, box[1].stop + margin))
        shadow = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=np.float32)
        top, left = box[0].start - rows.start, box[1].start - columns.start
        shadow[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        moved = np.roll(shadow, (int(lift * UNIT * 0.8), int(lift * UNIT * 0.5)), axis=(0, 1))
        self.light[:, rows, columns] *= 1 - 0.55 * _blur(moved, lift * UNIT)

    def _shadow(self, floor: float | None) -> np.ndarray:
        """Return the shadow on the background, (FINE, FINE): contact and a wide soft one, or a faint halo behind."""
        if floor is None:
            return 0.10 * np.roll(_blur(self.cover, 9), (7, 4), axis=(0, 1))
        line = min(FINE - 8, int(floor * UNIT))
        near = self.cover[max(0, line - 9) : line].max(axis=0)  # what touches the floor
        far = self.cover[:line].max(axis=0)
        top = max(0, line - FLOOR)  # above and below these rows is no shadow
        floor_rows = slice(top, min(FINE, line + FLOOR))
        contact = np.zeros((floor_rows.stop - top, FINE), dtype=np.float32)
        contact[line - 3 - top : line + 3 - top] = near
        wide = np.zeros_like(contact)
        wide[line - 4 - top : line + 7 - top] = far
        shadow = np.zeros((FINE, FINE), dtype=np.float32)
        shadow[floor_rows] = np.clip(0.75 * _blur(contact, 4) + 0.45 * _blur(np.roll(wide, 4, axis=1), 11), 0, 0.8)
        return shadow


def _softbox(n: np.ndarray) -> np.ndarray:
    """Return the reflections on a shiny body: a long lamp above, a bright wall to the right."""
    lamp = np.exp(-(((n[1] + 0.62) / 0.16) ** 2)) * np.clip(0.9 - n[0] * 0.5, 0, 1)
    wall = np.exp(-(((n[0] - 0.8) / 0.12) ** 2)) * 0.35
    reflection: np.ndarray = lamp + wall
    return reflection


def _blur(values: np.ndarray, radius: float) -> np.ndarray:
    image = Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255


def _mask(outlines: tuple[np.ndarray, ...], soft: float = 0.0) -> tuple[tuple[slice, slice], np.ndarray | None]:
    """Return the box of fine pixels that the outlines touch, and their coverage in it, (h, w) in 0 to 1."""
    points = np.vstack(outlines) * UNIT
    margin = 2 + 3 * soft * UNIT
    left, top = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    right, bottom = np.minimum(np.ceil(points.max(axis=0) + margin), FINE).astype(int)
    box = slice(top, bottom), slice(left, right)
    if right <= left or bottom <= top:
        return box, None
    canvas = Image.new("L", ((right - left) * OVER, (bottom - top) * OVER))
    pen = ImageDraw.Draw(canvas)
    for outline in outlines:
        shifted = (outline * UNIT - [left, top]) * OVER
        pen.polygon(shifted.ravel().tolist(), fill=255)
    mask = np.asarray(canvas.reduce(OVER), dtype=np.float32) / 255
    return box, _blur(mask, soft * UNIT) if soft else mask
