import pytest

from ml.errors import BadSetting, UnknownMethod
from ml.models.factory import create


def test_an_unknown_method_is_answered_with_the_list_of_all():
    with pytest.raises(UnknownMethod, match="'vsirec'.*pixels.*dvbpr"):
        create("vsirec")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"colour": "much"}, "colour is 'much'; it takes a number from 0 to 10"),
        ({"colour": "11"}, "colour is 11.0; it takes a number from 0 to 10"),
        ({"color": "1"}, "color is not a setting here; there are: colour, backbone"),
    ],
)
def test_a_bad_setting_is_named_with_what_it_takes(given, message):
    with pytest.raises(BadSetting, match=message):
        create("visrec", **given)
