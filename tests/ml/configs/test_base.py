from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from ml.configs.base import Config
from ml.errors import BadSetting


class Example(Config):
    width: Annotated[int, Field(ge=1, le=8, description="Channels.")] = 4
    rate: Annotated[float, Field(ge=0, le=1)] = 0.5
    kind: Literal["small", "large"] = "small"
    flip: bool = True


def test_text_becomes_a_value_of_the_annotated_type():
    config = Example(width="8", rate="1", kind="large", flip="no")

    assert config == Example(width=8, rate=1.0, kind="large", flip=False)
    assert config.model_dump() == {"width": 8, "rate": 1.0, "kind": "large", "flip": False}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": "9"}, "width is 9; it takes a whole number from 1 to 8"),
        ({"width": "4.5"}, "width is '4.5'; it takes a whole number"),
        ({"width": True}, "width is True; it takes a whole number"),
        ({"width": 2.0}, "width is 2.0; it takes a whole number"),
        ({"rate": "nan"}, "rate is nan; it takes a number from 0 to 1"),
        ({"rate": float("inf")}, "rate is inf; it takes a number from 0 to 1"),
        ({"kind": "huge"}, "kind is 'huge'; it takes one of: small, large"),
        ({"flip": "maybe"}, "flip is 'maybe'; it takes yes or no"),
        ({"depth": 1}, "depth is not a setting here; there are: width, rate, kind, flip"),
        ({"width": "9", "depth": 1}, "depth is not a setting here"),
    ],
)
def test_a_bad_value_is_named_with_what_the_setting_takes(given, message):
    with pytest.raises(BadSetting, match=message):
        Example(**given)


def test_a_whole_number_is_a_number_too():
    assert Example(rate=1).rate == 1.0


def test_a_config_stays_as_it_was_made():
    with pytest.raises(ValidationError, match="frozen"):
        Example().width = 3


def test_the_schema_has_help_bounds_and_defaults():
    width = Example.model_json_schema()["properties"]["width"]

    assert (width["description"], width["minimum"], width["maximum"], width["default"]) == ("Channels.", 1, 8, 4)
