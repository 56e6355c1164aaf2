from decimal import Decimal

import pytest

from catalog.currencies import WHOLE
from catalog.importers.values import read_price
from catalog.templatetags.catalog_tags import money


@pytest.mark.parametrize("currency", sorted(WHOLE))
def test_a_price_without_decimals_is_read_as_it_is_shown(currency):
    assert money(Decimal(read_price(f"1,299 {currency}")[0]), currency).endswith("1,299")
