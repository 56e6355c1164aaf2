"""Assignment of visitors to arms: by a hash, so that nothing is stored and nobody moves while the shares stay."""

import hashlib
from collections.abc import Sequence


def position_of(salt: str, visitor: str) -> float:
    """Return a number in [0, 1) that is the visitor's in the experiment of this salt, and independent of others."""
    return _number(f"{salt}:arm:{visitor}") / 2**63


def choose(shares: Sequence[int], position: float) -> int | None:
    """Return the index of the arm at a position; None beyond the last. shares: of each arm, in percent."""
    upper = 0
    for index, share in enumerate(shares):
        upper += share
        if position * 100 < upper:
            return index
    return None


def pseudonym(salt: str, visitor: str) -> int:
    """Return a number by which a visitor's impressions are counted together: another in each experiment."""
    return _number(f"{salt}:visitor:{visitor}")


def _number(text: str) -> int:
    """Return 63 bits of the hash of a text."""
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8]) >> 1
