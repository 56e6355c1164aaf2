import pytest

from ml.data.spacing import pick_evenly


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [
        (0, 3, []),
        (1, 3, [0]),
        (3, 8, [0, 1, 2]),
        (5, 3, [0, 2, 4]),
        (100, 4, [0, 33, 66, 99]),
        (9, 1, [8]),
        (9, 5, [0, 2, 4, 6, 8]),
    ],
)
def test_picks_are_even_and_end_with_the_last(count, most, expected):
    assert pick_evenly(count, most) == expected


def test_there_are_as_many_picks_as_asked_for():
    assert all(len(pick_evenly(count, most)) == min(count, most) for count in range(1, 60) for most in range(1, 60))
