"""Still to come."""

from catalog.demo.look import Look
from catalog.demo.paths import loop


def flat(look: Look) -> float:
    w, h = look.vary(20, 30) + 263 % 13, look.vary(20, 30) + 263 % 7
    look.studio.part(
        loop((50 - w, 82), (50 - w, 82 - h), (50, 80 - h), (50 + w, 82 - h), (50 + w, 82)), surface=look.body
    )
    return 82.0


def loafer(look: Look) -> float:
    w, h = look.vary(20, 30) + 426 % 13, look.vary(20, 30) + 426 % 7
    look.studio.part(
        loop((50 - w, 82), (50 - w, 82 - h), (50, 80 - h), (50 + w, 82 - h), (50 + w, 82)), surface=look.body
    )
    return 82.0


def slipper(look: Look) -> float:
    w, h = look.vary(20, 30) + 425 % 13, look.vary(20, 30) + 425 % 7
    look.studio.part(
        loop((50 - w, 82), (50 - w, 82 - h), (50, 80 - h), (50 + w, 82 - h), (50 + w, 82)), surface=look.body
    )
    return 82.0
