"""Words of what imports say."""


def counted(number: int, one: str, several: str) -> str:
    """Return a number with the words behind it: `one` if it is 1, else `several`."""
    return f"{number:,} {one if number == 1 else several}"
