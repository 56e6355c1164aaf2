"""Values as people and their programs write them: texts, prices, stock."""

import ast
import html
import json
import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from catalog.currencies import CURRENCIES, WHOLE
from catalog.errors import BadRow
from catalog.importers.json_documents import is_deep
from catalog.importers.layouts import apart

NOTHING = {
    "",
    "null",
    "nan",
    "#n/a",
    "\\n",
    "none",
    "n/a",
}  # what databases, pandas and spreadsheets write for no value
# What spreadsheets show for a formula that failed; #N/A, of a look-up that found nothing, is no value as well.
WITHOUT_RESULT = "#NO RESULT"  # in place of a formula that a program has written into a workbook and nobody computed
FORMULA_ERRORS = {
    WITHOUT_RESULT.lower(),
    "#n/a", "#ref!", "#div/0!", "#value!", "#name?", "#num!", "#null!", "#spill!", "#calc!", "#getting_data", "#field!",
    "#error!", "#nv", "#bezug!", "#wert!",
}  # fmt: skip
OBJECT_NAMES = ("src", "url", "href", "name", "title", "value")  # of the values by which objects are meant
AMOUNT_NAMES = ("value", "amount")
CURRENCY_NAMES = ("currency", "currencyCode", "currency_code")  # beside an amount, in an object that is a price
ELEMENT = "\x1f"  # between those of a list, which no category has
LANGUAGE = re.compile("(?!id$)[a-z]{2}([_-][A-Za-z]{2})?")
BREAK = re.compile(r"<(br|p|div|li|tr)\b[^>]*>", re.IGNORECASE)
# What is not closed goes on to the end, as in a browser: to search for its end from each beginning would take forever.
SCRIPT = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?(?:-->|\Z)", re.DOTALL)
# Characters that nobody sees: soft hyphen, zero width ones, marks of the direction of writing.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
SYMBOLS = {
    "€": "EUR", "$": "USD", "us$": "USD", "ca$": "CAD", "c$": "CAD", "au$": "AUD", "a$": "AUD", "nz$": "NZD",
    "s$": "SGD", "hk$": "HKD", "mx$": "MXN", "r$": "BRL", "£": "GBP", "¥": "JPY", "₹": "INR", "rs": "INR", "rs.": "INR",
    "zł": "PLN", "kč": "CZK", "ft": "HUF", "₺": "TRY", "tl": "TRY", "₽": "RUB", "₴": "UAH", "₩": "KRW", "₫": "VND",
    "฿": "THB", "₪": "ILS", "lei": "RON", "fr": "CHF", "fr.": "CHF", "chf": "CHF", "kr": "", "kr.": "",
    "円": "JPY", "元": "CNY", "руб": "RUB", "руб.": "RUB", "р": "RUB", "р.": "RUB", "грн": "UAH", "грн.": "UAH",
    "₸": "KZT", "лв": "BGN", "лв.": "BGN", "원": "KRW", "euro": "EUR", "euros": "EUR", "dollars": "USD", "zl": "PLN",
}  # fmt: skip
# What else a sign may mean: where nothing else is known, kr means none, and the others what SYMBOLS has.
DOLLARS = [
    "AUD", "BBD", "BMD", "BND", "BSD", "BZD", "CAD", "CLP", "COP", "FJD", "GYD", "HKD", "JMD", "KYD", "MXN", "NAD",
    "NZD", "SGD", "SRD", "TTD", "TWD", "UYU", "XCD", "ARS", "DOP",
]  # fmt: skip
KRONER, RUPEES, RUBLES, FRANCS = (
    ["SEK", "NOK", "DKK", "ISK"], ["PKR", "LKR", "NPR", "MUR", "SCR"], ["BYN"], ["XAF", "XOF"],
)  # fmt: skip
SHARED = {
    "$": DOLLARS, "dollars": DOLLARS, "kr": KRONER, "kr.": KRONER, "¥": ["CNY", "CNH"], "元": ["TWD", "HKD"],
    "£": ["EGP", "GIP", "FKP", "LBP", "SHP"], "rs": RUPEES, "rs.": RUPEES, "₩": ["KPW"], "р": RUBLES, "р.": RUBLES,
    "руб": RUBLES, "руб.": RUBLES, "₽": ["RUR"], "fr": FRANCS, "fr.": FRANCS, "lei": ["MDL"],
}  # fmt: skip
# What is said beside a price: of which taxes, and for how many pieces.
REMARK = re.compile(
    r"\b(in[ck]l|ex[ck]l|zzgl)\b.*|\b(ttc|ht|vat|mwst)\b|/.*|\bper\b.*|\*|\([^()]*\)|税込|税抜|税別", re.IGNORECASE
)
CODE = re.compile(r"[A-Z]{3}")
# What is taken as it stands, as most values are: in ASCII, neither no value nor the error of a formula, no list or
# object, without spaces around it and without what a backslash escapes.
PLAIN = re.compile(r"(?!(?i:null|nan|none|n/a)\Z)[A-Za-z0-9](?:[ -\[\]-~]*[!-\[\]-~])?")
ROUNDED = re.compile(r"\d\.\d+E\+\d+", re.IGNORECASE)
POINTED = re.compile(r"\d+\.0")
MOST_LITERAL = 10_000  # characters of a list or an object in a cell
NOISE_DIGITS, NOISE = 15, 1e-9  # of the fractions that computers have for decimal ones
COMPUTED = re.compile(r"\d{1,10}\.\d{4,8}")
NUMBER = re.compile(r"\d[\d.,'’ \u00a0\u202f]*")
LAKHS = re.compile(r"\d{1,2}(,\d\d)+,\d{3}")  # as India writes 1,00,000

REPEATED = 10_000  # different values of one column of a table that are read once

YES = {"yes", "y", "true", "1", "on", "ja", "oui", "si", "sí", "x", "✓", "✔"}
NO = {"no", "n", "false", "0", "off", "nein", "non", "✗", "✘"}
SHOWN = {
    "visible", "shown", "published", "publish", "active", "enabled", "online", "public", "catalog", "search",
    "catalog, search",
}  # fmt: skip
CONCEALED = {
    "hidden", "draft", "archived", "inactive", "disabled", "offline", "private", "unpublished", "pending", "trash",
    "not visible individually", "not visible",
}  # fmt: skip
# Categories that hold all others.
ROOTS = {"default category", "root catalog", "root", "home", "accueil", "inicio", "startseite", ""}
IN_STOCK = {
    *YES, "in stock", "instock", "available", "in stock online", "limited", "limited availability", "low stock",
    "in store only", "online only", "preorder", "pre order", "presale", "backorder", "on backorder", "onbackorder",
    "available for order", "made to order", "active", "unlimited", "infinite", "∞",
    "auf lager", "lagernd", "lieferbar", "sofort lieferbar", "verfügbar", "vorrätig", "en stock", "disponible",
    "en existencia", "disponibile", "op voorraad", "voorradig", "leverbaar", "disponível", "em estoque", "em stock",
    "dostępny", "dostępna", "dostępne", "i lager", "på lager", "varastossa", "skladem", "raktáron", "în stoc",
    "tak", "так", "да", "в наличии", "есть", "в наявності", "є", "evet", "var", "stokta", "stokta var", "mevcut",
    "在庫あり", "あり", "有", "有货", "在售", "재고있음", "sim", "jah", "ano",
}  # fmt: skip
SOLD_OUT = {
    *NO, "out of stock", "outofstock", "not in stock", "sold out", "soldout", "unavailable", "not available",
    "discontinued", "rupture",
    "nicht auf lager", "nicht lagernd", "nicht lieferbar", "nicht verfügbar", "nicht vorrätig", "ausverkauft",
    "vergriffen", "rupture de stock", "en rupture", "en rupture de stock", "épuisé", "indisponible", "non disponible",
    "agotado", "sin stock", "no disponible", "esaurito", "non disponibile", "niet op voorraad", "uitverkocht",
    "esgotado", "indisponível", "sem estoque", "niedostępny", "niedostępna", "niedostępne", "slut i lager", "slutsåld",
    "udsolgt", "utsolgt", "loppu", "není skladem", "vyprodáno", "nincs raktáron", "stoc epuizat", "nie", "ні", "нет",
    "нет в наличии", "отсутствует", "немає в наявності", "немає", "hayır", "yok", "stokta yok", "tükendi",
    "在庫なし", "なし", "在庫切れ", "売り切れ", "无货", "缺货", "无", "품절", "não", "ne",
}  # fmt: skip
PIECES = re.compile(
    r"[<>≥~]? ?([-−]?\d+(?:[.,]\d+)?) ?\+? ?(?:(?:pcs?|pieces?|units?|items?|left|stück|stk|st|ks|szt)\.?)?"
)


def is_plain(value: object) -> bool:
    """Return whether a value is a text that is taken as it stands."""
    return isinstance(value, str) and (value == "" or PLAIN.fullmatch(value) is not None)


def is_nothing(text: str) -> bool:
    """Return whether a program wrote this for no value."""
    return text.strip().lower() in NOTHING


def without_nothing(text: str) -> str:
    """Return a text, empty for what programs write for no value. The word none is one: of a pattern, a closure."""
    return "" if is_nothing(text) and text.lower() != "none" else text


def is_formula_error(text: str) -> bool:
    """Return whether a spreadsheet shows this for a formula that failed."""
    return text[:1] == "#" and text.strip().lower() in FORMULA_ERRORS


def check_no_formula_error(name: str, text: str) -> None:
    """Raise BadRow if the value of a field is what a spreadsheet shows for a formula that failed."""
    if text == WITHOUT_RESULT:
        raise BadRow(
            f"{name}: the cell has a formula without its result, as a program has written it: open the workbook in a "
            "spreadsheet and save it, or write the value"
        )
    if is_formula_error(text):
        raise BadRow(f"{name}: {text} is the error of a formula in a spreadsheet: mend the formula, or write the value")


def read_text(text: str) -> str:
    """Return a text as a shopper should read it: without tags, scripts, entities and double spaces."""
    text = html.unescape(text) if "&" in text else text
    if "<" in text:
        text = TAG.sub("", BREAK.sub(" ", SCRIPT.sub(" ", text)))
    if not text.isascii():
        text = UNSEEN.sub("", unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def text_of(value: object) -> str:
    """Return a value of a record as text: JSON has others."""
    if isinstance(value, str):
        text = value.strip()
        spelled = literal_of(text) if text[:1] in ("[", "{") else text
        return text if isinstance(spelled, str) else text_of(spelled)
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    if isinstance(value, dict):
        if value and all(LANGUAGE.fullmatch(name) for name in value):  # one text in several languages
            return next(filter(None, map(text_of, value.values())), "")
        # Such as an image, which is an object in many interfaces.
        amount, currency, found = (
            next((text for name in names if (text := text_of(value.get(name)))), "")
            for names in (AMOUNT_NAMES, CURRENCY_NAMES, OBJECT_NAMES)
        )
        if amount and currency:
            return f"{amount} {currency}"
        return found or ", ".join(f"{name}: {text_of(part)}" for name, part in value.items())
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def literal_of(text: str) -> object:
    """Return the list or object that a text spells, as Python or JSON write them into a cell; else the text."""
    if text[:1] + text[-1:] not in ("[]", "{}") or len(text) > MOST_LITERAL:
        return text
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
    return found if isinstance(found, list | dict) and not is_deep(found) else text


def check_sku(text: str) -> str:
    """Return a SKU. Raises BadRow for a number that a program has rounded, or given a decimal point."""
    if ROUNDED.fullmatch(text):
        raise BadRow(
            f"sku: {text} is a number that a spreadsheet has rounded: format the column as text, and save it anew"
        )
    if POINTED.fullmatch(text):
        raise BadRow(f"sku: {text} is a number that a program has given a decimal point: write the column as text")
    return text


@lru_cache(REPEATED)
def category_paths(text: str, *, has_paths: bool = False, is_list: bool = False) -> Sequence[Sequence[str]]:
    """Return the paths of a product's categories, those that are not empty; ELEMENT is between those of a list.

    has_paths: as programs write them, with > or / within, below roots. is_list: as where the column says that there are
    several. Of both a comma or | is between paths; else a |, if there are paths, as some programs have it within.
    """
    between = r"(?<!\\)[,;|\x1f]" if has_paths or is_list else r"[|\x1f]" if ">" in text else ELEMENT
    paths: list[str] = [read_text(path) for path in re.split(between, html.unescape(text))]
    below = [
        [part.strip().replace("\\,", ",") for part in re.split("[>/]" if has_paths else ">", path)] for path in paths
    ]
    roots = ROOTS if has_paths else {""}
    found = [[name for name in names if name.lower() not in roots] for names in below]
    return [names for names in found if names]


@lru_cache(REPEATED)
def read_category(text: str, *, has_paths: bool = False, is_list: bool = False) -> str:
    """Return the name of the deepest category, the first of several; as `category_paths` reads them."""
    paths = category_paths(text, has_paths=has_paths, is_list=is_list)
    deepest: Sequence[str] = max(paths, key=len, default=[])
    return " > ".join(deepest)


@lru_cache(REPEATED)
def read_price(text: str, known: str = "", own: str = "") -> tuple[str, str | None]:
    """Return a price with a decimal point, and the currency that stands beside it, if any. Raises BadRow.

    1.299,00 and 1,299.00 are plain; of 1,299 nobody knows whether the comma stands before decimals or thousands.
    known: the currency that the table says; another one beside the price is an error. own: the shop's, which a sign of
    several means if it is one of them.
    """
    text = unicodedata.normalize("NFKC", text)  # Asian digits and signs may be wide
    found = NUMBER.search(text)
    beside = (text[: found.start()] + " " + text[found.end() :]).strip() if found else text
    possible = currencies_of(beside)
    if not found or possible is None or "-" in text[: found.start()]:
        raise BadRow(f"price: {text!r} is no price; such as 19.95, 19,95 or 19.95 EUR is taken")
    if is_price(text[found.end() :].partition("/")[2]):
        raise BadRow(f"price: {text!r} is two prices: write one of them")
    currency = meant("price", text, possible, known, own)
    digits = re.sub(r"['’\s\u00a0\u202f]", "", found.group())
    marks = re.findall(r"[.,]", digits)
    if len(set(marks)) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            raise unclear(text)
        digits = digits.replace("." if decimal == "," else ",", "").replace(",", ".")
    elif len(marks) > 1:
        if not LAKHS.fullmatch(digits) and not all(len(part) == 3 for part in re.split("[.,]", digits)[1:]):
            raise unclear(text)
        digits = re.sub("[.,]", "", digits)
    elif marks:
        has_thousands = len(digits) - digits.index(marks[0]) == 4 and digits[0] != "0"
        whole, decimal = digits.replace(marks[0], ""), digits.replace(marks[0], ".")
        if has_thousands and (currency or known) not in WHOLE:
            raise BadRow(
                f"price: {text!r} has a comma or point for decimals or for thousands; write {whole}.00 or "
                f"{Decimal(decimal):.2f}"
            )
        digits = whole if has_thousands else decimal
    return without_noise(digits.rstrip(".")), currency or None


def without_noise(digits: str) -> str:
    """Return a price without what binary fractions and databases add to it: 11.709999999999999 and 11.7100 are 11.71.

    Of more decimals, as of a price without tax, the cents are taken.
    """
    if COMPUTED.fullmatch(digits):
        return str(Decimal(digits).quantize(Decimal("0.01"), ROUND_HALF_UP))
    if "." not in digits or not NOISE_DIGITS < len(digits) < 2 * NOISE_DIGITS:
        return digits
    rounded = round(float(digits), 2)
    return f"{rounded:.2f}" if abs(rounded - float(digits)) < NOISE else digits


def unclear(text: str) -> BadRow:
    """Return the error of a price whose commas and points stand as in no number."""
    return BadRow(f"price: {text!r} has commas or points neither before decimals nor before thousands alone")


def is_price(text: str) -> bool:
    """Return whether a text is a number alone or with a currency: not such as 100 g or pair."""
    return bool(NUMBER.search(text)) and currencies_of(NUMBER.sub(" ", text)) is not None


def currencies_of(text: str) -> Sequence[str] | None:
    """Return the codes of the currencies that may stand beside a price; none for no text; None for any other text.

    The first is meant where nothing else is known; it is empty if none is. All that stand there must agree, as do
    $ and CAD of $ 19.95 CAD.
    """
    words = [word.strip(" .,:-–").lower() for word in re.split(r"[\s\u00a0\u202f]+", REMARK.sub(" ", text))]
    words = [word for word in words if word]
    meanings = [
        [SYMBOLS[word], *SHARED.get(word, ())] if word in SYMBOLS else [word.upper()]
        for word in words
        if word in SYMBOLS or word.upper() in CURRENCIES
    ]
    if len(meanings) < len(words):
        return None
    first, *others = meanings or [[]]
    common = [code for code in first if all(code in codes for codes in others)]
    return None if words and not common else common


def meant(field: str, text: str, possible: Sequence[str], known: str, own: str) -> str:
    """Return which of the currencies that may stand beside a price is meant; empty for none. Raises BadRow."""
    if not possible:
        return ""
    if known and known in possible:
        return known
    names = " or ".join(possible[:1] if possible[0] else possible[1:])
    if known:
        raise BadRow(f"{field}: {text!r} is in {names}, but the table says {known}: mend one of them")
    if own and own in possible:
        return own
    if not possible[0]:
        raise BadRow(
            f"{field}: {text!r} may be in {names}: write the code in place of the sign, there or in a column currency"
        )
    return possible[0]


@lru_cache(REPEATED)
def read_currency(text: str, own: str = "") -> str:
    """Return the code of a currency, by its code or symbol; empty for no text. own: as of `read_price`. BadRow."""
    possible = currencies_of(text)
    if possible is None:
        raise BadRow(f"currency: {text!r} is no currency; such as EUR or € is taken")
    return meant("currency", text, possible, "", own)


def read_hidden(text: str, *, is_yes: bool) -> bool:
    """Return whether a product with this word is hidden; is_yes: whether yes means so. Raises BadRow."""
    words = spaced(text)
    if words in SHOWN or words in CONCEALED:
        return words in CONCEALED
    if words in YES or words in NO:
        return (words in YES) == is_yes
    raise BadRow(f"{'hidden' if is_yes else 'visible'}: {text!r} is neither yes nor no, nor such as draft or published")


def spaced(text: str) -> str:
    """Return a text in lower case with single spaces for underscores and hyphens."""
    return " ".join(re.split(r"[\s_-]+", text.strip().lower()))


@lru_cache(REPEATED)
def read_stock(text: str) -> bool | None:
    """Return whether this means in stock; None for no value. Raises BadRow for a text that is neither."""
    name = text.rsplit("/", 1)[-1] if text.startswith("http") else text  # https://schema.org/InStock
    words = re.sub(r" ?\(.*\)$", "", spaced(apart(name)))  # In stock (3)
    if words in NOTHING:
        return None
    if words in IN_STOCK or words in SOLD_OUT:
        return words in IN_STOCK
    if pieces := PIECES.fullmatch(name.strip().lower()):
        return float(pieces[1].replace(",", ".").replace("−", "-")) > 0
    raise BadRow(f"in_stock: {text!r} is neither yes nor no, nor a number of pieces")
