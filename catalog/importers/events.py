"""Events as other programs write them: kinds, times, ids."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from catalog.errors import BadRow
from catalog.importers.layouts import apart, words
from catalog.models import Kind

KINDS = {
    Kind.VIEW: (
        "page view", "pageview", "view item", "view product", "product view", "product viewed", "viewed", "pv",
        "detail view", "detail page", "detailpage", "product detail", "product detail view", "product page view",
        "item view", "item viewed", "view content", "visit", "viewed product",
        "ansicht", "angesehen", "aufruf", "vue", "consultation", "vista", "visualizzazione", "visualização", "просмотр",
        "перегляд", "görüntüleme", "wyświetlenie", "zobrazení", "閲覧", "浏览", "조회",
    ),
    Kind.CLICK: (
        "clicked", "select item", "product click", "product clicked", "item click", "item clicked", "click out",
        "clickout", "klick", "clic", "clique", "клик", "клік", "tiklama", "kliknięcie", "クリック", "点击", "클릭",
    ),
    Kind.LIKE: (
        "favorite", "favourite", "fav", "wishlist", "add to wishlist", "wish list", "saved", "liked", "bookmark",
        "wish", "wishlist add", "add to wish list", "added to wishlist", "product added to wishlist",
        "add to favorites", "add to favourites", "favorited", "love", "loved", "heart", "thumbs up", "upvote",
        "merkliste", "wunschliste", "gemerkt", "favoris", "favori", "favorito", "preferiti", "избранное", "обране",
        "ulubione", "oblíbené", "お気に入り", "收藏", "찜",
    ),
    Kind.CART: (
        "add to cart", "addtocart", "basket", "add to basket", "product added", "added to cart", "added to basket",
        "cart add", "basket add", "add cart", "cart addition", "add to bag", "warenkorb",
        "in den warenkorb", "panier", "ajout au panier", "carrito", "carrello", "carrinho", "winkelwagen", "корзина",
        "в корзину", "кошик", "sepet", "sepete ekle", "koszyk", "do koszyka", "košík", "カート", "カート追加", "加购",
        "加入购物车", "장바구니",
    ),
    Kind.PURCHASE: (
        "buy", "bought", "order", "ordered", "transaction", "purchased", "sale", "order completed", "order placed",
        "ordered product", "product ordered", "product purchased",
        "place order", "placed order", "purchase completed", "completed purchase", "complete payment", "kauf",
        "gekauft", "bestellung", "bestellt", "achat", "commande", "compra", "pedido", "acquisto", "ordine", "aankoop",
        "bestelling", "köp", "køb", "kjøp", "osto", "покупка", "заказ", "куплено", "замовлення", "satin alma",
        "sipariş", "zakup", "zamówienie", "nákup", "objednávka", "vásárlás", "購入", "注文", "购买",
        "下单", "구매", "주문",
    ),
    Kind.DISLIKE: ("disliked", "not interested", "thumbs down", "downvote"),
}  # fmt: skip
YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
BY_NAME = {name: kind for kind, names in KINDS.items() for name in (kind.value, *names)}

NUMBER = re.compile(r"-?\d+(\.\d+)?")
DAY = re.compile(r"(19|20)\d{6}")
MOMENT = re.compile(r"(19|20)\d{12}")
ROUNDED = re.compile(r"-?\d+(\.\d+)?e\+?\d+", re.IGNORECASE)
SERIAL = re.compile(
    r"[2-6]\d{4}(\.\d+)?"
)  # days since 1900, as spreadsheets count them; of unix time the first of 1970
ZONE = re.compile(r"(?<=[\dZ])\[[\w/+-]+\]$")  # that Java writes behind the offset, which says it
DIGITS = 10  # of unix seconds, from 2001 to 2286
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # of unix time; what is before is no time but a mark for none, such as -1
# Dates that can be read in one way: years first, points behind the day, or months as words.
MAIL = re.compile(r"[A-Z][a-z]{2}, \d")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
# By what stands behind the first part, as to try all of them takes half a millisecond.
FORMATS = {
    sign: [f"{date}{clock}" for date in DATES if date[2] == sign for clock in CLOCKS] for sign in ("-", "/", ".", " ")
}
FORMATS[" "].append("%a %b %d %H:%M:%S %Y")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FIRST = re.compile(r"\w+")


def plain_kind(text: str) -> str:
    """Return the name of a kind in lower case, with single spaces between its words: addToCart is add to cart."""
    return words(apart(text))


def read_kind(text: str) -> Kind:
    """Return the kind of an interaction. Raises BadRow with the kinds that there are."""
    kind = BY_NAME.get(plain_kind(text)) or BY_NAME.get(words(text))
    if kind is None:
        raise BadRow(f"kind: {text!r} is none of {', '.join(Kind.values)}")
    return kind


def is_purchase(text: str) -> bool:
    """Return whether a kind of an interaction is a purchase."""
    return Kind.PURCHASE in (BY_NAME.get(plain_kind(text)), BY_NAME.get(words(text)))


def read_time(text: str) -> datetime:
    """Return the moment: ISO 8601, or another date that can be read in one way, in UTC where it names no zone.

    Or unix time, in seconds or a thousandth or less. Raises BadRow for any other text, and up to EARLIEST.
    """
    try:
        found = parse(text)
    except (ValueError, OverflowError):
        if ROUNDED.fullmatch(text) or SERIAL.fullmatch(text):
            hint = "a spreadsheet has made a number of it: format its column as a date, or as a number without decimals"
        else:
            hint = "write 2023-11-14T22:13:20Z"
        raise BadRow(f"timestamp: {text!r} is neither ISO 8601 nor unix seconds or milliseconds; {hint}") from None
    if found == EARLIEST:
        raise BadRow(f"timestamp: {text!r} is the first moment of {EARLIEST:%Y}, which programs write for none")
    if found < EARLIEST:
        raise BadRow(f"timestamp: {text!r} is {found:%Y-%m-%d}, before {EARLIEST:%Y}")
    return found


def parse(text: str) -> datetime:
    """Return the moment. Raises ValueError and OverflowError."""
    if DAY.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    if MOMENT.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if SERIAL.fullmatch(text):
        raise ValueError(text)
    if NUMBER.fullmatch(text):
        digits = len(text.lstrip("-").partition(".")[0])
        return datetime.fromtimestamp(float(text) / (1000 ** max(0, -(-(digits - DIGITS) // 3))), UTC)
    try:
        iso = re.sub(r"\s*(\+0000)?\s*(UTC|GMT)$", "+00:00", ZONE.sub("", text), flags=re.IGNORECASE)
        parsed = datetime.fromisoformat(iso)
    except ValueError:
        parsed = parse_words(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def parse_words(text: str) -> datetime:
    """Return the moment of a date that is not ISO's: by FORMATS, or as in e-mails. Raises ValueError."""
    plain = " ".join(re.sub(r"\b(UTC|GMT|Z)\b", "", text).split())
    first = FIRST.match(plain)
    for form in FORMATS.get(plain[first.end() : first.end() + 1], ()) if first else ():
        with suppress(ValueError):
            return datetime.strptime(plain, form)
    if not MAIL.match(text):
        raise ValueError(text)
    return parsedate_to_datetime(text)


def read_user(text: str) -> str:
    """Return the shop's id of a shopper, of an e-mail address in small letters.

    Raises BadRow for a number with a decimal point, as of pandas, or rounded.
    """
    if EMAIL.fullmatch(text):
        return text.lower()
    if re.fullmatch(r"\d+\.0", text):
        raise BadRow(
            f"user: {text} is a number that a program has given a decimal point, and another shopper than"
            f" {text.removesuffix('.0')}: write the column as text or as whole numbers"
        )
    if ROUNDED.fullmatch(text):
        raise BadRow(
            f"user: {text} is a number that a program has rounded: write the column as text or as whole numbers"
        )
    return text


def read_verified(text: str) -> bool:
    """Return whether somebody vouches for a guest's event; so does, by default, who imports it. Raises BadRow."""
    if text and text.lower() not in YES_OR_NO:
        raise BadRow(f"is_verified: {text!r} is neither yes nor no")
    return YES_OR_NO[text.lower()] if text else True
