"""Times as files of interactions have them."""

import math
from datetime import UTC, datetime

# Seconds since 1970 are below 1e11 for three thousand years; larger numbers are milliseconds, or microseconds.
MILLISECONDS, MICROSECONDS = 1e11, 1e14


def parse_seconds(text: str) -> float:
    """Return the seconds since 1970 of ISO 8601, in UTC where no zone is named, or of a number of a usual unit.

    Small numbers are returned as they are: some files number the interactions in place of a time. Raises ValueError.
    """
    try:
        number = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(number):
        raise ValueError(f"{text} is no time")
    return number / (1e6 if abs(number) >= MICROSECONDS else 1e3 if abs(number) >= MILLISECONDS else 1)
