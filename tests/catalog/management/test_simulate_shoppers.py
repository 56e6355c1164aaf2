import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--limit", "3"], "--limit is of a SOURCE"),
        (["somewhere.zip"], "where to"),
        (["nowhere.zip", "out"], "nowhere.zip does not exist"),
        (["--cold-share", "1.5"], "a cold share of 1.5"),
        (["--drift", "nan"], "a drift of nan"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("simulate_shoppers", *arguments)


@pytest.mark.django_db
def test_an_empty_shop_is_told():
    with pytest.raises(CommandError, match="0 products in the shop"):
        call_command("simulate_shoppers")
