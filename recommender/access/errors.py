class InvalidCredential(Exception):
    """A key or token that does not identify anybody, with the reason."""
