"""Outlines as arrays of points, (n, 2) float, x to the right and y down; the drawing is 100 units a side."""

from collections.abc import Sequence

import numpy as np

Point = tuple[float, float] | np.ndarray
STEPS = 10  # points a span: under a pixel apart for the longest spans


def curve(*points: Point) -> np.ndarray:
    """Return a smooth open line through the points: a Catmull-Rom spline with straight ends."""
    knots = np.asarray(points, dtype=float)
    if len(knots) < 3:
        return knots
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    t = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
    a, b, c, d = (padded[n : len(padded) - 3 + n, None] for n in range(4))
    spans = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3)
    return np.vstack([spans.reshape(-1, 2), knots[-1:]])


def loop(*points: Point) -> np.ndarray:
    """Return a smooth closed outline through the points."""
    count = len(points)
    around = [points[i % count] for i in range(-2, count + 3)]
    full = curve(*around)
    return full[2 * STEPS : (count + 2) * STEPS]


def outline(*lines: np.ndarray | Sequence[Point]) -> np.ndarray:
    """Join lines to a closed outline, with a corner wherever two meet."""
    return np.vstack([np.asarray(line, dtype=float) for line in lines])


def ellipse(x: float, y: float, rx: float, ry: float, tilt: float = 0.0) -> np.ndarray:
    """Return an ellipse around (x, y). tilt: radians, clockwise."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    across, down = rx * np.cos(angle), ry * np.sin(angle)
    return np.stack(
        [x + across * np.cos(tilt) - down * np.sin(tilt), y + across * np.sin(tilt) + down * np.cos(tilt)], axis=1
    )


def ribbon(line: np.ndarray, *widths: float) -> np.ndarray:
    """Return the outline of a band along a line; widths are spread evenly over its length."""
    along = np.gradient(line, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-9
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    width = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    return np.vstack([line + across * width, (line - across * width)[::-1]])


def mirrored(line: np.ndarray, x: float = 50.0) -> np.ndarray:
    """Return the mirror image of a line at x, reversed, so that both together close an outline."""
    return np.stack([2 * x - line[:, 0], line[:, 1]], axis=1)[::-1]


def between(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """Interpolate between two lines, a share t of the way from a to b, by share of their length."""
    share = np.linspace(0, 1, 40)
    return (1 - t) * at(a, share) + t * at(b, share)


def at(line: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """Return the point, or points, at a share of the line's length."""
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    where = np.asarray(share) * length[-1]
    return np.stack([np.interp(where, length, line[:, 0]), np.interp(where, length, line[:, 1])], axis=-1)


def part_of(line: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return the part of a line between two shares of its length."""
    return at(line, np.linspace(start, end, 24))
