from decimal import Decimal

import pytest

from catalog.currencies import CURRENCIES, WHOLE
from catalog.importers.values import SYMBOLS, read_price
from catalog.templatetags.catalog_tags import money


def test_the_symbols_are_of_known_currencies():
    assert {code for code in SYMBOLS.values() if code} <= CURRENCIES
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
    assert WHOLE <= CURRENCIES


@pytest.mark.parametrize("currency", sorted(WHOLE))
def test_a_price_without_decimals_is_read_as_it_is_shown(currency):
    assert money(Decimal(read_price(f"1,299 {currency}")[0]), currency).endswith("1,299")
