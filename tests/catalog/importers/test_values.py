import random

import pytest

from catalog.errors import BadRow
from catalog.importers.values import (
    check_sku,
    is_formula_error,
    is_nothing,
    is_plain,
    read_category,
    read_currency,
    read_hidden,
    read_price,
    read_stock,
    read_text,
    text_of,
    without_nothing,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("19.95", ("19.95", None)),
        ("19,95", ("19.95", None)),
        ("19,9", ("19.9", None)),
        ("20", ("20", None)),
        ("0.999", ("0.999", None)),
        ("19.95 EUR", ("19.95", "EUR")),
        ("€19.95", ("19.95", "EUR")),
        ("19,95 €", ("19.95", "EUR")),
        ("USD 19.95", ("19.95", "USD")),
        ("CHF 1'299.00", ("1299.00", "CHF")),
        ("1.299,00", ("1299.00", None)),
        ("1,299.00", ("1299.00", None)),
        ("1 299,00 zł", ("1299.00", "PLN")),
        ("1.299.000,50", ("1299000.50", None)),
        ("1,299,000", ("1299000", None)),
        ("19,-", ("19", None)),
        ("€ 9,-", ("9", "EUR")),
        ("9,– €", ("9", "EUR")),
        ("11.709999999999999", ("11.71", None)),
        ("19.950000", ("19.95", None)),
        ("16.764706", ("16.76", None)),
        ("US$19.95", ("19.95", "USD")),
        ("$1,299.00 CAD", ("1299.00", "CAD")),
        ("AU$25", ("25", "AUD")),
        ("R$ 99,90", ("99.90", "BRL")),
        ("Rs. 499", ("499", "INR")),
        ("499 Kč", ("499", "CZK")),
        ("₺1.299,90", ("1299.90", "TRY")),
        ("¥1,299", ("1299", "JPY")),
        ("1299円", ("1299", "JPY")),
        ("￥５，０００", ("5000", "JPY")),
        ("₩12.900", ("12900", "KRW")),
        ("¥12.5", ("12.5", "JPY")),
        ("1 299:-", ("1299", None)),
        ("19.95 EUR/Stk", ("19.95", "EUR")),
        ("19.95 / pair", ("19.95", None)),
        ("19,95 € inkl. MwSt.", ("19.95", "EUR")),
        ("19,95 € TTC", ("19.95", "EUR")),
        ("₹1,00,000", ("100000", "INR")),
        ("1,00,000.50", ("100000.50", None)),
        ("19,95 € (9,98 €/kg)", ("19.95", "EUR")),
        ("19,95 € / 100 g", ("19.95", "EUR")),
        ("129 kr SEK", ("129", "SEK")),
        ("1.1500000000000001", ("1.15", None)),
        ("1.1234567890123456", ("1.1234567890123456", None)),
        (f"{'9' * 400}.25", (f"{'9' * 400}.25", None)),
    ],
)
def test_a_price_is_read_as_it_is_meant(text, meant):
    assert read_price(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "1,299",
        "1.299",
        "12.34.56",
        "1.2.3,4,5",
        "cheap",
        "-1",
        "−1",
        "1e9",
        "NaN",
        "19.95 or so",
        "from 10",
        "129 kr",
        "10 EUR / 12 USD",
        "10 / 12 €",
        "€ 10 USD",
        "1.00.000",
    ],
)
def test_a_price_that_may_be_another_is_refused(text):
    with pytest.raises(BadRow, match="^price: "):
        read_price(text)


@pytest.mark.parametrize(
    ("text", "known", "own", "meant"),
    [
        ("1,299", "JPY", "EUR", ("1299", None)), ("1.299", "KRW", "EUR", ("1299", None)),
        ("129 kr", "", "SEK", ("129", "SEK")), ("129 kr", "NOK", "EUR", ("129", "NOK")),
        ("$10", "CAD", "EUR", ("10", "CAD")), ("$10", "", "AUD", ("10", "AUD")), ("$10", "", "EUR", ("10", "USD")),
        ("10", "CAD", "EUR", ("10", None)), ("¥1,299", "CNY", "EUR", None), ("¥12.50", "CNY", "EUR", ("12.50", "CNY")),
        ("$10", "EUR", "EUR", None), ("129 kr", "EUR", "SEK", None), ("129 kr", "", "EUR", None),
    ],
)  # fmt: skip
def test_a_price_is_in_the_currency_that_its_table_says(text, known, own, meant):
    if meant is None:
        with pytest.raises(BadRow, match="^price: "):
            read_price(text, known, own)
    else:
        assert read_price(text, known, own) == meant


@pytest.mark.parametrize(
    ("text", "known", "reason"),
    [
        ("10.999", "EUR", "write 10999.00 or 11.00"), ("1,299", "", "write 1299.00 or 1.30"),
        ("$10", "EUR", "'$10' is in USD, but the table says EUR"),
        ("129 kr", "", "may be in SEK or NOK or DKK or ISK: write the code"),
        ("10 EUR / 12 USD", "", "is two prices: write one of them"),
        ("12.50.10", "", "has commas or points neither before decimals nor before thousands alone"),
        (f"{'9' * 400}.123", "", "write 9"),
    ],
)  # fmt: skip
def test_the_error_of_a_price_says_what_to_write(text, known, reason):
    with pytest.raises(BadRow) as error:
        read_price(text, known)
    assert reason in str(error.value)


def test_a_sign_of_several_currencies_is_the_shop_s_or_refused():
    assert (read_currency("kr", "DKK"), read_currency("$", "EUR"), read_currency("")) == ("DKK", "USD", "")
    with pytest.raises(BadRow, match="currency: 'kr' may be in SEK"):
        read_currency("kr", "EUR")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("in_stock", True), ("In Stock", True), ("instock", True), ("12", True), ("3.0", True), ("backorder", True),
        ("out of stock", False), ("out-of-stock", False), ("0", False), ("-2", False), ("Sold out", False),
        ("InStock", True), ("https://schema.org/InStock", True), ("http://schema.org/OutOfStock", False),
        ("In stock (3)", True), ("> 10", True), ("10+", True), ("5 pcs", True), ("0 Stück", False), ("−1", False),
        ("auf Lager", True), ("nicht verfügbar", False), ("en stock", True), ("Épuisé", False), ("1,5", True),
        ("", None), ("nan", None),
    ],
)  # fmt: skip
def test_stock_is_read_from_words_and_numbers(text, meant):
    assert read_stock(text) is meant


def test_stock_in_other_words_is_refused():
    with pytest.raises(BadRow, match="neither yes nor no"):
        read_stock("perhaps")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Levi&#39;s &amp; Co", "Levi's & Co"),
        ("<b>Red</b> trainer<br>new", "Red trainer new"),
        ("<style>p { color: red }</style><p>Warm</p><script>alert(1)</script>", "Warm"),
        ("Warm <!-- not closed", "Warm"),
        ("Warm " + 200_000 * "<!--", "Warm"),
        ("Warm " + 100_000 * "<script>", "Warm"),
        ("  double \u00a0 spaces\n", "double spaces"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
        ("cafe\u0301", "café"),
        ("4 < 5 > 3 & more", "4 < 5 > 3 & more"),
        ("Ünïcödé 靴 👟", "Ünïcödé 靴 👟"),
    ],
)
def test_a_text_is_what_a_shopper_reads(text, meant):
    assert read_text(text) == meant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"value": "19.90", "currency": "USD"}, "19.90 USD"),
        ({"amount": 19.9, "currencyCode": "CHF"}, "19.9 CHF"),
        ({"currency": "USD"}, "currency: USD"),
        ({"src": "a.jpg", "alt": "Shoe"}, "a.jpg"),
        ([{"url": "a.jpg"}, "b.jpg"], "a.jpg, b.jpg"),
        (True, "true"),
        (None, ""),
    ],
)
def test_a_value_of_a_record_as_text(value, text):
    assert text_of(value) == text


def test_what_programs_write_for_nothing():
    assert all(map(is_nothing, ["", " ", "NULL", "nan", "#N/A", "None"]))
    assert not any(map(is_nothing, ["0", "nano", "Nana"]))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Clothing, Clothing > Hoodies, Sale", "Clothing > Hoodies"),
        ("Default Category/Gear,Default Category/Gear/Bags", "Gear > Bags"),
        ("Home,Clothes,Men", "Clothes"),
        (r"Hats\, caps > Wool", "Hats, caps > Wool"),
        ("", ""),
    ],
)
def test_of_several_categories_the_deepest_is_taken_without_roots(text, meant):
    assert read_category(text, has_paths=True) == meant


@pytest.mark.parametrize(
    ("text", "is_list", "meant"),
    [
        ("Belts|Leather", False, "Belts|Leather"), ("Belts|Leather", True, "Belts"),
        ("Belts | Belts > Leather", False, "Belts > Leather"),
        ("> Belts >", False, "Belts"), ("A &amp; B", True, "A & B"),
        ("Belts>  > Leather", False, "Belts > Leather"), (" > ", False, ""),
        ("Belts, Leather", False, "Belts, Leather"), ("Belts, Leather", True, "Belts"),
        ("Belts / Leather", True, "Belts / Leather"), ("Home > Belts", False, "Home > Belts"),
    ],
)  # fmt: skip
def test_of_any_table_the_deepest_category_is_taken_without_empty_ends(text, is_list, meant):
    assert read_category(text, is_list=is_list) == meant


@pytest.mark.parametrize(
    ("text", "is_yes", "is_hidden"),
    [("yes", True, True), ("no", True, False), ("yes", False, False), ("0", False, True), ("Draft", False, True),
     ("published", True, False), ("Not Visible Individually", False, True)],
)  # fmt: skip
def test_hidden_is_read_from_yes_and_no_and_from_states(text, is_yes, is_hidden):
    assert read_hidden(text, is_yes=is_yes) is is_hidden


@pytest.mark.parametrize("text", ["4.00638E+12", "1001.0", "4.1e+9", "1.0", "5.0"])
def test_a_sku_that_a_program_has_made_a_number_of_is_refused(text):
    with pytest.raises(BadRow, match="^sku: "):
        check_sku(text)


@pytest.mark.parametrize("text", ["1E5", "1001", "1001.00", "A-1.0", "12.5"])
def test_other_skus_are_taken(text):
    assert check_sku(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("['1.jpg', '2.jpg']", "1.jpg, 2.jpg"), ('["1.jpg"]', "1.jpg"), ('{"colour": "red", "size": 40}',
        "colour: red, size: 40"), ("[Sale] Boots [red]", "[Sale] Boots [red]"), ("[", "["), ("{x}", "{x}"),
        (f"[{'[' * 9000}]", f"[{'[' * 9000}]"), ("[]", ""),
    ],
)  # fmt: skip
def test_a_list_or_an_object_in_a_cell_is_read(text, meant):
    assert text_of(text) == meant


def test_a_text_in_several_languages_is_the_first_of_them():
    assert text_of({"de": "", "en": "Red", "fr": "Rouge"}) == "Red"
    assert text_of({"id": 7}) == "id: 7"


def test_what_is_plain_is_taken_as_it_stands():
    parts = [
        "null",
        "NaN",
        "none",
        "N/A",
        "#N/A",
        "#REF!",
        "a",
        "Z9",
        " ",
        "\t",
        "[1]",
        "{}",
        "\\n",
        "é",
        "ß",
        "\x1f",
        "=",
    ]
    draw = random.Random(1)
    texts = {"".join(draw.choices(parts, k=draw.randint(1, 3))) for _ in range(3000)}
    plain = {text for text in texts if is_plain(text)}

    assert {text for text in plain if text_of(text) != text or without_nothing(text) != text} == set()
    assert not any(is_formula_error(text) or "\\" in text or not text.isascii() for text in plain)
    assert {"a", "Z9", "anull"} <= plain
    assert is_plain("") and is_plain("a a") and is_plain("https://x.example/a.jpg?b=c,d")
    assert not any(map(is_plain, [None, 5, True, ["a"], "null", " a", "a ", "C:\\new"]))
