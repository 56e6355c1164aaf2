import argparse

import pytest

from ml.configs.arguments import names, number, pair, whole_number, writable


def test_arguments_of_the_right_form_are_read(tmp_path):
    assert names("a, b,a") == ["a", "b"]
    assert (whole_number("3"), number("0.5"), pair("key=a=b")) == (3, 0.5, ("key", "a=b"))
    assert writable(str(tmp_path / "out.json")) == tmp_path / "out.json"


@pytest.mark.parametrize(
    ("read", "text"), [(names, " ,"), (whole_number, "0"), (number, "inf"), (pair, "=b"), (writable, "nowhere/out")]
)
def test_others_are_refused_with_a_reason(read, text):
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)
