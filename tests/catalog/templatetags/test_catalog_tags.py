from decimal import Decimal

import pytest

from catalog.templatetags.catalog_tags import money, words


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("9.5", "EUR", "€9.50"),
        ("1249.9", "USD", "$1,249.90"),
        ("0", "CHF", "CHF 0.00"),
        ("1299", "JPY", "¥1,299"),
        ("9.5", "JPY", "¥9.50"),
    ],
)
def test_money_has_its_sign_and_the_decimals_of_its_currency(amount, currency, shown):
    assert money(Decimal(amount), currency) == shown


@pytest.mark.parametrize("name", ["baseColour", "base_colour", "base colour"])
def test_names_of_attributes_are_written_as_words(name):
    assert words(name) == "Base colour"
