from math import ceil


class InvalidCredential(Exception):
    """A key or token that does not identify anybody, with the reason."""


class KeyEnded(Exception):
    """A key that was revoked or has expired, and cannot be rotated any more."""


class TooManyAttempts(Exception):
    """More attempts to sign in than are allowed; wait: seconds after which the next is."""

    def __init__(self, wait: float) -> None:
        self.wait = max(1, ceil(wait))
        minutes = ceil(self.wait / 60)
        when = "in a minute" if minutes == 1 else f"in {minutes} minutes"
        super().__init__(f"too many attempts to sign in failed; try again {when}")
