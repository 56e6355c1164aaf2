"""Still to come."""

from catalog.demo.look import Look
from catalog.demo.paths import loop


def dress(look: Look) -> float:
    w, h = look.vary(20, 30) + 380 % 13, look.vary(20, 30) + 380 % 7
    look.studio.part(
        loop((50 - w, 82), (50 - w, 82 - h), (50, 80 - h), (50 + w, 82 - h), (50 + w, 82)), surface=look.body
    )
    return 82.0


def top(look: Look) -> float:
    w, h = look.vary(20, 30) + 197 % 13, look.vary(20, 30) + 197 % 7
    look.studio.part(
        loop((50 - w, 82), (50 - w, 82 - h), (50, 80 - h), (50 + w, 82 - h), (50 + w, 82)), surface=look.body
    )
    return 82.0
