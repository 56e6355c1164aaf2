"""Types of arguments on the command line; each raises ArgumentTypeError or ValueError."""

import argparse
from pathlib import Path


def writable(text: str) -> Path:
    """Return the path of a file whose folder exists."""
    file = Path(text)
    if not file.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{file.parent} is not a folder")  # now, not after an hour's training
    return file


def names(text: str) -> list[str]:
    """Return the comma-separated names, each once."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("name at least one method")
    return list(dict.fromkeys(names))


def whole_number(text: str) -> int:
    """Return a whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def number(text: str) -> float:
    """Return a finite number above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def pair(text: str) -> tuple[str, str]:
    """Return the two sides of A=B."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form A=B")
    return key, value
