import pytest

from catalog.errors import BadRow
from catalog.importers.price_ranges import read_lowest_price


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10–20", ("10", None)),
        ("19.99 - 24.99", ("19.99", None)),
        ("$20 to $12.50", ("12.50", "USD")),
        ("12,00 € bis 15,00 €", ("12.00", "EUR")),
        ("10–20 €", ("10", "EUR")),
        ("USD 10 - 20", ("10", "USD")),
        ("£5-£7.50", ("5", "GBP")),
        ("1,000〜2,000円", ("1000", "JPY")),
        ("1.299,00 - 1.499,00 EUR inkl. MwSt.", ("1299.00", "EUR")),
        ("from $12", ("12", "USD")),
        ("From: 12.00 USD", ("12.00", "USD")),
        ("ab 12,00 €", ("12.00", "EUR")),
        ("ab12,00 €", ("12.00", "EUR")),
        ("à partir de 9,90 €", ("9.90", "EUR")),
        ("od 49 zł", ("49", "PLN")),
        ("от 990 ₽", ("990", "RUB")),
        ("from 10 to 20", ("10", None)),
        ("$25+", ("25", "USD")),
        ("¥1,200起", ("1200", "JPY")),
    ],
)
def test_of_a_range_the_lowest_price_is_taken(text, meant):
    assert read_lowest_price(text) == (*meant, True)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("19,95", ("19.95", None)), ("9,-", ("9", None)), ("AUD 5", ("5", "AUD")), ("19.95-", ("19.95", None))],
)
def test_one_price_is_no_range(text, meant):
    assert read_lowest_price(text) == (*meant, False)


@pytest.mark.parametrize(
    "text",
    [
        "-5",
        "-5 - -3",
        "1-2-3",
        "2024-01-02",
        "$5 - €7",
        "19.95 - 30% off",
        "1.000-2.000",
        "from",
        "from cheap",
        "2-pack 19.95",
    ],
)
def test_what_is_neither_a_price_nor_a_range_is_refused_with_its_text(text):
    with pytest.raises(BadRow, match="^price: ") as error:
        read_lowest_price(text)
    assert repr(text) in str(error.value)
