import pytest

from ml.data.times import parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1700000000", 1_700_000_000),
        ("1700000000000", 1_700_000_000),
        ("1700000000000000", 1_700_000_000),
        ("1.7e9", 1_700_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000),
        ("2023-11-14", 1_699_920_000),
        ("7", 7),  # the seventh interaction
        ("-3600", -3600),
    ],
)
def test_times_of_each_unit_are_seconds(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "yesterday", ""])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError):
        parse_seconds(text)
