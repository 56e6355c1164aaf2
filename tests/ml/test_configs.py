from dataclasses import FrozenInstanceError, dataclass
from typing import Annotated, Literal

import pytest

from ml.configs import Between, Config
from ml.errors import BadSetting


@dataclass(frozen=True)
class Example(Config):
    width: Annotated[int, Between(1, 8)] = 4
    rate: Annotated[float, Between(0, 1)] = 0.5
    kind: Literal["small", "large"] = "small"
    flip: bool = True


def test_words_become_what_the_annotation_says():
    config = Example.of(width="8", rate="1", kind="large", flip="no")

    assert config == Example(8, 1.0, "large", False)
    assert config.as_dict() == {"width": 8, "rate": 1.0, "kind": "large", "flip": False}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": "9"}, "width is 9; it takes a whole number from 1 to 8"),
        ({"width": "4.5"}, "width is '4.5'; it takes a whole number"),
        ({"width": True}, "width is True; it takes a whole number"),
        ({"rate": "nan"}, "rate is nan; it takes a number from 0 to 1"),
        ({"kind": "huge"}, "kind is 'huge'; it takes one of: small, large"),
        ({"flip": "maybe"}, "flip is 'maybe'; it takes yes or no"),
        ({"depth": 1}, "depth is not a setting here; there are: width, rate, kind, flip"),
    ],
)
def test_what_will_not_do_is_named_with_what_will(given, message):
    with pytest.raises(BadSetting, match=message):
        Example.of(**given)


def test_a_config_stays_as_it_was_made():
    with pytest.raises(FrozenInstanceError):
        Example().width = 3
