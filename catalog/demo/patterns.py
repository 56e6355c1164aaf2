"""Patterns: where the second colour goes. (x, y in units, rng) -> (h, w) float32 share of accent in 0 to 1."""

from collections.abc import Callable

import numpy as np

from catalog.demo.relief import noise

Pattern = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
EDGE = 2.5  # units^-1; slope of a pattern's edge, about a pixel and a half


def _step(distance: np.ndarray) -> np.ndarray:
    """Return 1 inside (distance > 0) and 0 outside, with a soft edge."""
    return np.clip(0.5 + EDGE * distance, 0, 1)


def _turned(x: np.ndarray, y: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def _cell(value: np.ndarray, period: float) -> np.ndarray:
    """Return the signed offset of each value from the middle of its cell."""
    return (value / period - np.floor(value / period) - 0.5) * period


def stripes(size: float, angle: float, share: float) -> Pattern:
    def paint(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        across = _turned(x, y, angle)[1]
        return _step(size * share / 2 - np.abs(_cell(across, size)))

    return paint


def checks(size: float, angle: float, share: float) -> Pattern:
    def paint(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        u, v = _turned(x, y, angle)
        wide_u = _step(size * share / 2 - np.abs(_cell(u, size)))
        wide_v = _step(size * share / 2 - np.abs(_cell(v, size)))
        return 0.5 * wide_u + 0.5 * wide_v

    return paint


def dots(size: float, angle: float, share: float) -> Pattern:
    def paint(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        u, v = _turned(x, y, angle + np.pi / 4)
        return _step(size * share / 2 - np.hypot(_cell(u, size), _cell(v, size)))

    return paint


def zigzag(size: float, angle: float, share: float) -> Pattern:
    def paint(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        u, v = _turned(x, y, angle)
        return _step(size * share / 2 - np.abs(_cell(v + np.abs(_cell(u, size * 1.4)), size)))

    return paint


def floral(size: float, angle: float, share: float) -> Pattern:
    """Draw one flower of five petals a cell, each a little shifted and turned."""

    def paint(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size_, (u, v) = size * 1.5, _turned(x, y, angle)
        v = v + (np.floor(u / size_) % 2) * size_ / 2
        turn = 3.7 * np.floor(u / size_) + 1.3 * np.floor(v / size_)
        du, dv = _cell(u, size_) + 0.12 * size_ * np.sin(turn * 2), _cell(v, size_) + 0.12 * size_ * np.cos(turn * 3)
        radius, bearing = np.hypot(du, dv), np.arctan2(dv, du) + turn
        petals = size_ * 0.34 * (0.62 + 0.38 * np.cos(5 * bearing))
        accent: np.ndarray = _step(petals - radius) * (1 - _step(size_ * 0.09 - radius))
        return accent

    return paint


def animal(size: float, angle: float, share: float) -> Pattern:
    """Draw the broken dark rings of a leopard."""

    def paint(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        u, v = _turned(x, y, angle)
        cell = size * 0.9
        row = np.floor(v / cell)
        u = u + 0.5 * cell * (row % 2) + 0.2 * cell * noise(rng, x.shape, 10)
        v = v + 0.2 * cell * noise(rng, x.shape, 10)
        turn = 2.4 * np.floor(u / cell) + 4.1 * row
        du, dv = _cell(u, cell), _cell(v, cell)
        radius, bearing = np.hypot(du, 1.15 * dv), np.arctan2(dv, du) + turn
        ring = _step(0.13 * cell - np.abs(radius - 0.29 * cell)) * np.clip(0.5 + 4 * (np.cos(bearing) + 0.75), 0, 1)
        accent: np.ndarray = np.maximum(ring, 0.3 * _step(0.25 * cell - radius))
        return accent

    return paint


def camouflage(size: float, angle: float, share: float) -> Pattern:
    def paint(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        big, small = noise(rng, x.shape, size * 3.2 * 2), noise(rng, x.shape, size * 3.2)
        dark = np.clip(0.5 + 14 * (big + 0.5 * small - 0.25), 0, 1)
        middle = np.clip(0.5 + 14 * (small - big - 0.3), 0, 1)
        accent: np.ndarray = np.maximum(0.75 * dark, 0.4 * middle)
        return accent

    return paint


PATTERNS = {
    "stripes": stripes,
    "checks": checks,
    "dots": dots,
    "zigzag": zigzag,
    "floral": floral,
    "animal": animal,
    "camouflage": camouflage,
}
