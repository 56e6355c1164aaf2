from catalog.importers.currencies import CURRENCIES
from catalog.importers.values import SYMBOLS


def test_the_symbols_are_of_known_currencies():
    assert {code for code in SYMBOLS.values() if code} <= CURRENCIES
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
