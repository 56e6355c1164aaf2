from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from ml.configs.base import Config
from ml.errors import BadSetting


class Example(Config):
    note: str = ""
    width: Annotated[int, Field(ge=1, le=8, description="Channels.")] = 4
    rate: Annotated[float, Field(ge=0, le=1)] = 0.5
    kind: Literal["small", "large"] = "small"
    flip: bool = True


def test_text_becomes_a_value_of_the_annotated_type():
    config = Example(width="8", rate="1", kind="large", flip="no")

    assert config == Example(width=8, rate=1.0, kind="large", flip=False)
    assert config.model_dump() == {"note": "", "width": 8, "rate": 1.0, "kind": "large", "flip": False}


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
        ({"depth": 1}, "depth is not a setting here; there are: note, width, rate, kind, flip"),
        ({"width": "9", "depth": 1}, "depth is not a setting here"),
    ],
)
def test_a_bad_value_is_named_with_what_the_setting_takes(given, message):
    with pytest.raises(BadSetting, match=message):
        Example(**given)


@pytest.mark.parametrize("text", ["a\0.pth", "\ud800", "caf\udce9.pth"])
def test_text_that_a_database_cannot_store_is_refused(text):
    with pytest.raises(BadSetting) as refusal:
        Example(note=text)

    assert str(refusal.value) == f"note is {text!r}; it takes text without NUL and lone surrogates"
    assert "\\" in str(refusal.value) and str(refusal.value).isprintable()


def test_text_of_any_script_is_accepted():
    assert Example(note="größe 😀").note == "größe 😀"


@pytest.mark.parametrize("name", ["", " ", "a\0", "\ud800", "two words", "x" * 400])
def test_an_odd_name_is_shown_quoted_and_cut(name):
    with pytest.raises(BadSetting) as refusal:
        Example(**{name: 1})

    shown = str(refusal.value).removesuffix(" is not a setting here; there are: note, width, rate, kind, flip")
    assert shown == (repr(name) if len(name) < 80 else "'" + "x" * 79 + "…")
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("text", ["1_2", "\u0663", " 5 ", "5\n", "+5", "", "-", "0x5"])
def test_only_plain_decimal_digits_are_a_whole_number(text):
    with pytest.raises(BadSetting, match="it takes a whole number from 1 to 8") as refusal:
        Example(width=text)

    assert str(refusal.value).startswith(f"width is {text!r};")


@pytest.mark.parametrize("text", ["0_1", "\u0661", " 1 ", "1\n", "", ".", "e1", "1e", "0x1"])
def test_only_plain_decimal_text_is_a_number(text):
    with pytest.raises(BadSetting, match="it takes a number from 0 to 1") as refusal:
        Example(rate=text)

    assert str(refusal.value).startswith(f"rate is {text!r};")


@pytest.mark.parametrize(
    ("text", "rate"), [(".5", 0.5), ("1.", 1), ("5e-1", 0.5), ("0.05E+1", 0.5), ("-0", 0), ("1e-400", 0)]
)
def test_decimal_and_exponent_forms_are_numbers(text, rate):
    assert Example(rate=text).rate == rate


@pytest.mark.parametrize("value", ["9" * 400, "9" * 5000, 10**399])
@pytest.mark.parametrize("name", ["width", "kind", "flip"])
def test_a_long_value_is_cut_in_the_error(name, value):
    with pytest.raises(BadSetting, match=f"^{name} is .*…; it takes ") as refusal:
        Example(**{name: value})

    assert len(str(refusal.value)) < 150


def test_a_number_too_large_for_the_format_is_infinite_in_the_error():
    with pytest.raises(BadSetting, match="rate is inf; it takes a number from 0 to 1"):
        Example(rate="9" * 400)


def test_a_number_is_taken_as_the_text_of_a_choice():
    class Sized(Config):
        size: Literal["32", "64"] = "32"

    assert Sized(size=64).size == "64"
    for wrong in (48, 32.0, True):
        with pytest.raises(BadSetting, match=f"size is {wrong!r}; it takes one of: 32, 64"):
            Sized(size=wrong)


def test_a_whole_number_is_a_number_too():
    assert Example(rate=1).rate == 1.0


def test_a_config_stays_as_it_was_made():
    with pytest.raises(ValidationError, match="frozen"):
        Example().width = 3


def test_the_schema_has_help_bounds_and_defaults():
    width = Example.model_json_schema()["properties"]["width"]

    assert (width["description"], width["minimum"], width["maximum"], width["default"]) == ("Channels.", 1, 8, 4)


class Published(Example):
    published = {"width": 8, "flip": False}

    reading: Literal["corrected", "published"] = "corrected"


def test_a_published_reading_has_other_defaults_and_leaves_what_is_named():
    assert Published(reading="published") == Published(reading="published", width=8, flip=False)
    assert Published(reading="published", width=2).model_dump() == {
        "note": "",
        "width": 2,
        "rate": 0.5,
        "kind": "small",
        "flip": False,
        "reading": "published",
    }
    assert Published().width == 4
