"""Relief of a flat mask: heights and normals of a rounded body, which shading needs."""

import numpy as np

SMALLEST = 6  # pixels a side of the coarsest grid
SWEEPS = 6


def inflate(mask: np.ndarray) -> np.ndarray:
    """Solve for u >= 0 with laplacian -1 inside and 0 outside: (h, w) float32 in square pixels.

    sqrt(2 u) is a half cylinder over a strip, and close to a half sphere over a disc: a body blown up like a cushion.
    mask: (h, w) float32 in 0 to 1; a rim of partial coverage is what keeps the edge from showing its pixels.
    Coarse to fine, a few Jacobi sweeps a level; the exact solution is not needed.
    """
    height, width = mask.shape
    if min(height, width) <= SMALLEST:
        u = np.zeros(mask.shape, dtype=np.float32)
        sweeps = 4 * SWEEPS
    else:
        padded = np.pad(mask, ((0, height % 2), (0, width % 2)))
        quads = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2)
        u = 4 * np.repeat(np.repeat(inflate(quads.mean(axis=(1, 3))), 2, axis=0), 2, axis=1)[:height, :width]
        sweeps = SWEEPS
    free = mask * np.float32(0.25)
    around = np.zeros((height + 2, width + 2), dtype=np.float32)
    for _ in range(sweeps):
        around[1:-1, 1:-1] = u
        u = around[:-2, 1:-1] + around[2:, 1:-1]
        u += around[1:-1, :-2]
        u += around[1:-1, 2:]
        u += 1
        u *= free
    return u


def normals(mask: np.ndarray, thickness: float) -> np.ndarray:
    """Compute the unit normals of the inflated mask: (3, h, w), x right, y down, z towards the viewer.

    thickness: pixels; a body wider than that is flat in the middle and round at its rim only.
    """
    u = inflate(mask)
    h = np.sqrt(2 * u)
    du_dy, du_dx = np.gradient(u)
    # The height shown is thickness (1 - exp(-h / thickness)), whose slope is exp(-h / thickness) du / h.
    fall = np.exp(h * np.float32(-1 / thickness))
    n = np.stack([-du_dx * fall, -du_dy * fall, h + np.float32(0.3)])
    unit: np.ndarray = n / np.sqrt((n * n).sum(axis=0))
    return unit


def noise(rng: np.random.Generator, shape: tuple[int, int], cell: float, stretch: float = 1.0) -> np.ndarray:
    """Sample smooth noise: (h, w) float32 in about -1 to 1, lumps of `cell` pixels, `stretch` times as tall."""
    rows, columns = int(shape[0] / (cell * stretch)) + 3, int(shape[1] / cell) + 3
    grid = rng.uniform(-1, 1, size=(rows, columns)).astype(np.float32)
    y = np.arange(shape[0], dtype=np.float32) / np.float32(cell * stretch)
    x = np.arange(shape[1], dtype=np.float32) / np.float32(cell)
    row, column = y.astype(int), x.astype(int)
    ty, tx = y - row, x - column
    ty, tx = (ty * ty * (3 - 2 * ty))[:, None], tx * tx * (3 - 2 * tx)
    down = grid[row] * (1 - ty) + grid[row + 1] * ty
    smooth: np.ndarray = down[:, column] * (1 - tx) + down[:, column + 1] * tx
    return smooth
