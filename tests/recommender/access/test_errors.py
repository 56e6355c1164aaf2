import pytest

from recommender.access.errors import TooManyAttempts


@pytest.mark.parametrize(
    ("wait", "seconds", "when"), [(0.2, 1, "in a minute"), (60, 60, "in a minute"), (899.5, 900, "in 15 minutes")]
)
def test_an_attempt_too_many_says_when_the_next_is_allowed(wait, seconds, when):
    error = TooManyAttempts(wait)

    assert error.wait == seconds
    assert str(error).endswith(f"try again {when}")
