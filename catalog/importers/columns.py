"""Columns as other programs call them, and what the shop takes them for."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from catalog.errors import ImportFailed
from catalog.importers import foreign_names
from catalog.importers.layouts import apart, by_plain_name, layout_of, plain

# For each of ours what it is called elsewhere, the surest first. Our own name goes before all of them.
PRODUCTS: Mapping[str, Sequence[str]] = {
    "sku": (
        "variant sku", "product code sku", "product sku", "item sku", "article id", "reference", "item number",
        "product number", "product code", "item id", "id", "product id", "artikelnummer", "artikel nr", "référence",
        "referencia", "codice", "código", "artikelnummer nr", "stock code", "art nr", "artnr",
        "seller sku", "custom label", "article code",
    ),
    "title": (
        "name", "product name", "product title", "prod name", "item name", "productname", "bezeichnung", "artikelname",
        "produktname", "artikelbezeichnung", "titel", "nom", "nom du produit", "titre", "nombre", "título", "nome",
        "titolo", "naam", "title short", "title long",
    ),
    "category": (
        "categories", "product type", "google product category", "type", "product category", "product type name",
        "article type", "category text", "categorytext", "category path", "main category", "category level 1",
        "category 1", "top category", "subcategory", "sub category", "kategorie", "kategorien", "warengruppe",
        "catégorie", "catégories", "categoría", "categorías", "categoria", "categorie", "collection", "collections",
        "product category 1",
    ),
    "price": (
        "regular price", "variant price", "unit price", "selling price", "price gross", "gross price", "offers price",
        "offers low price", "price vat", "price with vat", "sale price", "preis", "bruttopreis", "verkaufspreis",
        "vk preis", "price tax included", "price tax incl", "price incl tax", "price incl vat",
        "prix", "prix ttc", "precio", "prezzo", "prijs", "preço", "product price", "retail price", "start price",
        "standard price",
    ),
    "image": (
        "images", "image url", "image urls", "image link", "image src", "base image", "main image", "primary image",
        "front image", "image front", "image 1", "image1", "image url 1", "picture", "pictures", "picture 1", "photo",
        "photos", "photo 1", "image file", "image path", "filename", "product image url", "product image",
        "image address", "picture url", "picture link", "photo url", "hosted image urls",
        "product image url 1", "product image file 1", "cover media url", "img",
        "img url", "imgurl", "bild", "bilder", "bild 1", "bild url", "foto", "fotos", "imagen", "imágenes", "immagine",
        "immagini", "afbeelding", "imagem",
        "main image url", "image name", "pic url", "picurl", "product media main image url",
    ),
    "currency": ("currency code", "price currency", "offers price currency", "währung", "devise", "moneda", "valuta"),
    "in_stock": (
        "in stock", "availability", "stock", "quantity", "qty", "stock quantity", "variant inventory qty",
        "is in stock", "inventory", "inventory quantity", "current stock level", "stock level", "offers availability",
        "lagerbestand", "bestand", "verfügbarkeit", "disponibilité", "existencias", "disponibilidad", "disponibilità",
        "voorraad", "estoque", "product quantity",
    ),
    "url": ("link", "product url", "product link", "permalink", "product page", "page url", "offers url"),
}  # fmt: skip
EVENTS: Mapping[str, Sequence[str]] = {
    "user": (
        "user id", "userid", "customer id", "customerid", "customer", "visitor id", "visitorid", "reviewer id", "uid",
        "shopper id", "shopper", "client id", "member id", "account id", "distinct id", "customer email", "email",
        "profile email", "profile id",
    ),
    "session": ("session id", "sessionid", "guest", "guest id", "user session", "visit id", "anonymous id"),
    "sku": (
        "item id", "itemid", "product id", "productid", "article id", "parent asin", "asin", "product", "item",
        "product sku", "item sku", "sku id", "stock code", "stockcode", "product code", "content id", "movie id",
        "artikelnummer",
    ),
    "kind": (
        "event", "event type", "event name", "type", "action", "behavior", "behaviour type", "interaction", "metric",
        "metric name",
    ),
    "timestamp": (
        "time", "datetime", "date", "event time", "event timestamp", "created at", "occurred at", "ts", "t dat",
        "unixtime", "unix review time", "date time", "order date", "invoice date", "purchase date", "purchased at",
        "event date", "original timestamp", "sent at", "received at",
    ),
    "id": (
        "event id", "transaction id", "order id", "order number", "invoice no", "invoice number", "message id",
        "insert id",
    ),
    "is_verified": (),
    "rating": ("stars", "score", "value", "overall"),
}  # fmt: skip

# What else a column of products can be chosen for: several can be chosen for one of these.
MEANINGS: Mapping[str, str] = {
    "images": "further images", "hidden": "hidden", "visible": "visible", "attribute": "attribute",
    "ignore": "left out",
}  # fmt: skip

EVENT_MEANINGS: Mapping[str, str] = {"ignore": "left out"}

# Columns that say whether a product is shown, by yes and no or by states, in programs that are not known.
VISIBLE = frozenset({"visible", "is visible", "product visible", "published", "is published", "active", "is active"})

# Columns that say by their names that they have several categories.
CATEGORIES = frozenset(
    plain(name)
    for name in (
        "categories", "product categories", "kategorien", "catégories", "categorías", "collections", "kategoriler",
        "категории", "kategorier",
    )
)  # fmt: skip
TAXONOMY = "google product category"  # whose values may be numbers, in place of names

# Columns of images that follow the first one, as `plain` returns their names; one in the plural does beside one of it.
_NOUN = r"(?:product )?(?:image|picture|photo|img)s?(?: (?:link|url|src|file|path)s?)?"
FURTHER_IMAGES = re.compile(
    r"(?:additional|further|other|more|extra|alternat\w+|second|back|rear|side|detail|variant|gallery|hover) "
    rf"{_NOUN}(?: ?\d+)?"
    rf"|{_NOUN} ?(?:\d+|back|rear|side|detail)|(?:media |image )?gallery|imgurl alternative|additional_?images?"
    r"|(?:product |all )?(?:images|pictures|photos)(?: (?:link|url|src|file|path)s?)?"
    r"|(?:product |all )?(?:image|picture|photo) (?:links|urls|files|paths)|(?:product )?media gallery image url \d+"
)


# What has a language before it, in programs that have texts in several.
LANGUAGE = re.compile(r"[a-z]{2} (?=(title|name|description|category|categories|url)\b)")
HEADER_ROWS = 20  # among which the header is: some programs write a title above it
LEAST_COLUMNS = 3  # that are known, of a header
MOST_COLUMNS = 5000


def is_header(columns: Sequence[str]) -> bool:
    """Return whether texts are names of columns of products or of events."""
    return count_known(columns) >= LEAST_COLUMNS


def count_known(columns: Sequence[str]) -> int:
    """Return how many of our columns of products, or of events, have a name among these."""
    return max(len(find_columns(columns, synonyms)) for synonyms in (PRODUCTS, EVENTS))


def find_columns(columns: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return, for each of our columns that is there, what it is called here."""
    named = by_plain_name(columns)
    layout = layout_of(columns) if synonyms is PRODUCTS else None
    found: dict[str, str] = {}
    for name in list(named):  # of one language: US_Title_Short
        if LANGUAGE.match(name):
            named.setdefault(name[3:], named[name])
    foreign = foreign_names.PRODUCTS if synonyms is PRODUCTS else foreign_names.EVENTS if synonyms is EVENTS else {}
    for ours, others in synonyms.items():
        known = layout.columns.get(ours) if layout else None
        if known == []:
            continue
        for name in (*(known or ()), plain(ours), *others, *foreign.get(ours, ())):
            if name in named and named[name] not in found.values():
                found[ours] = named[name]
                break
    return found


def find_further_images(columns: Iterable[str], taken: Collection[str]) -> list[str]:
    """Return the columns with further images, without those that are taken for something else.

    Those with numbers, such as Image 3 and Image 2, are in the order of these.
    """
    columns = list(columns)
    known = {plain(column) for column in columns} | {plain(column) for column in taken}
    found = [column for column in columns if column not in taken and is_further_image(column)]
    # Where the URL of the same image has a column of its own, its file is one in the program's own folders.
    found = [
        column for column in found if " file " not in plain(column) or plain(column).replace("file", "url") not in known
    ]
    numbers = {column: int(digits[0]) for column in found if (digits := re.findall(r"\d{1,9}", column))}
    in_order = iter(sorted(numbers, key=lambda column: numbers[column]))
    return [next(in_order) if column in numbers else column for column in found]


def is_further_image(column: str) -> bool:
    """Return whether a column has images that follow the first one."""
    return bool(FURTHER_IMAGES.fullmatch(plain(column)) or FURTHER_IMAGES.fullmatch(plain(apart(column))))


def check_number(label: str, columns: Collection[str]) -> None:
    """Raise ImportFailed for more columns than any table has."""
    if len(columns) > MOST_COLUMNS:
        raise ImportFailed(f"{label} has over {MOST_COLUMNS:,} columns")


def currency_in(column: str) -> str | None:
    """Return the currency in the name of a column: Price (EUR)."""
    code = re.search(r"\(([A-Z]{3})\)", column)
    return code[1] if code else None
