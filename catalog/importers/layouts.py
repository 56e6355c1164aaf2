"""Exports of other programs: their columns, how their variants name the product, and what they do not show."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from catalog.importers.costs import is_cost

DOTS = str.maketrans("İı", "ii")  # of Turkish, whose capitals have other small letters than those of others
BETWEEN = re.compile(r",\s+|\|")  # the values of an option


@dataclass(frozen=True)
class Layout:
    """Export of another program: known by these columns, read by these. All columns are as `plain` returns them."""

    name: str
    marks: frozenset[str]
    columns: Mapping[
        str, Sequence[str]
    ]  # for each of ours those that may have it, the first that is not empty; or none
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)  # values of products that are not shown there
    has_paths: bool = False  # its categories: several, with commas between
    parent: str = ""  # where a variant names its product, by the latter's SKU or as `id:` with its id
    children: str = ""  # where a product names its variants: sku=A,size=40|sku=B,size=41, or id=12|id=13
    pairs: Mapping[str, str] = field(default_factory=dict)  # columns of attributes, with what is between name and value
    between: re.Pattern[str] = BETWEEN
    first: frozenset[str] = frozenset()  # columns that are filled in the first row of a product alone
    variants: Mapping[str, frozenset[str]] = field(default_factory=dict)  # values of rows that belong to the one above
    translated: str = ""  # which is filled in rows that repeat a product in another language
    ignored: re.Pattern[str] = re.compile("(?!)")  # columns that say nothing of the product
    sold_anyway: Mapping[str, str] = field(default_factory=dict)  # values with which the number of pieces says nothing
    escaped: frozenset[str] = frozenset()  # columns that spell the ends of lines as a backslash and n

    def leaves_out(self, column: str) -> bool:
        """Return whether a column says nothing of the product, but how it is sold or which rows belong to it."""
        name = plain(column)
        return bool(name) and (name in (self.parent, self.translated) or bool(self.ignored.fullmatch(name)))


# What is beside a product and no shopper is told: how it is sent, taxed and stored, and what it costs the shop.
SHOPIFY_INTERNAL = re.compile(
    r"(variant )?(grams|weight (unit|value).*|inventory (tracker|policy)|fulfillment service|compare at price|"
    r"requires shipping|taxable|charge tax|tax code)|continue selling when out of stock|cost per item|gift card|"
    r"image (position|alt text)|seo (title|description)|(included|price|compare at price) .*"
)
WOOCOMMERCE_INTERNAL = re.compile(
    r"type|position|is featured|date sale price (starts|ends)|tax (status|class)|"
    r"low stock amount|backorders allowed|sold individually|allow customer reviews|purchase note|shipping class|"
    r"download .*|grouped products|upsells|cross sells|external url|button text|meta .*"
)

PRESTASHOP = Layout(
    "PrestaShop's export",
    frozenset({"product id", "name", "reference"}),
    {
        "sku": ["reference", "product id", "id"], "title": ["name"], "category": ["categories", "category"],
        "price": ["price tax included", "price tax incl", "price tax excluded", "price tax excl", "price"],
        "image": ["image urls", "image"], "in_stock": ["quantity"],
    },
    hidden={"active": frozenset({"0"}), "status": frozenset({"0"})},
    has_paths=True,
    pairs={"feature": ":"},
    ignored=re.compile(r"image alt texts|delete existing images|position"),
)  # fmt: skip

LAYOUTS = (
    Layout(
        "Shopify's export",
        frozenset({"handle", "variant price"}),
        {
            "sku": ["handle"], "title": ["title"], "category": ["type", "product category"], "price": ["variant price"],
            "image": ["image src"], "in_stock": ["variant inventory qty"],
        },
        hidden={"status": frozenset({"draft", "archived"}), "published": frozenset({"false"})},
        ignored=SHOPIFY_INTERNAL,
        sold_anyway={"variant inventory tracker": "", "variant inventory policy": "continue"},
    ),
    Layout(
        "Shopify's export",
        frozenset({"url handle", "price"}),
        {
            "sku": ["url handle"], "title": ["title"], "category": ["type", "product category"], "price": ["price"],
            "image": ["product image url"], "in_stock": ["inventory quantity"],
        },
        hidden={"status": frozenset({"draft", "archived"}), "published on online store": frozenset({"false"})},
        ignored=SHOPIFY_INTERNAL,
        sold_anyway={"inventory tracker": "", "continue selling when out of stock": "true"},
    ),
    Layout(
        "WooCommerce's export",
        frozenset({"sku", "regular price", "categories"}),
        {
            "sku": ["sku", "id"], "title": ["name"], "category": ["categories"],
            "price": ["regular price", "sale price"], "image": ["images"], "in_stock": ["in stock", "stock"],
        },
        hidden={"published": frozenset({"0", "-1"}), "visibility in catalog": frozenset({"hidden"})},
        has_paths=True,
        parent="parent",
        ignored=WOOCOMMERCE_INTERNAL,
        escaped=frozenset({"description", "short description"}),
    ),
    Layout(
        "a Google Merchant feed",
        frozenset({"id", "image link", "availability"}),
        {
            "sku": ["offer id", "id"], "title": ["title"], "category": ["product type", "google product category"],
            "price": ["price"], "image": ["image link"], "in_stock": ["availability"], "url": ["link"],
        },
    ),
    Layout(
        "Magento's export",
        frozenset({"sku", "product type", "base image"}),
        {
            "sku": ["sku"], "title": ["name"], "category": ["categories"], "price": ["price"], "image": ["base image"],
            "in_stock": ["is in stock", "qty"],
        },
        hidden={
            "product online": frozenset({"0", "2"}), "visibility": frozenset({"not visible individually"}),
        },
        has_paths=True,
        children="configurable variations",
        pairs={"additional attributes": "="},
        translated="store view code",
        ignored=re.compile(
            r"id|product type|(small|thumbnail|swatch) image|.* labels?"
            r"|(related|crosssell|upsell|associated) (skus|position)"
            r"|(use config|enable) .*|.* use config|created at|updated at|product websites|custom (design|layout).*"
        ),
    ),
    PRESTASHOP,
    replace(PRESTASHOP, marks=frozenset({"id", "name", "reference", "active", "quantity"})),  # of former versions
    Layout(
        "Squarespace's export",
        frozenset({"product id non editable", "product url", "hosted image urls"}),
        {
            "sku": ["product url", "product id non editable"], "title": ["title"],
            "category": ["categories", "product page"], "price": ["price"], "image": ["hosted image urls"],
            "in_stock": ["stock"], "url": [],
        },
        has_paths=True,
        first=frozenset({"product id non editable", "product url", "title"}),
        ignored=re.compile(r".* non editable|product page|(sale )?price|on sale|weight|length|width|height"),
    ),
    Layout(
        "Wix's export",
        frozenset({"handleid", "fieldtype", "productimageurl"}),
        {
            "sku": ["handleid"], "title": ["name"], "category": ["collection"], "price": ["price"],
            "image": ["productimageurl"], "in_stock": ["inventory"],
        },
        hidden={"visible": frozenset({"false"})},
        has_paths=True,
        between=re.compile(";"),
        ignored=re.compile(r"fieldtype|ribbon|surcharge|discount(mode|value)|productoptiontype\d|weight|cost"),
    ),
    Layout(
        "BigCommerce's export",
        frozenset({"product code sku", "product name", "current stock level"}),
        {
            "sku": ["product code sku"], "title": ["product name"], "category": ["category"], "price": ["price"],
            "image": ["product image url 1", "product image file 1"], "in_stock": ["current stock level"],
        },
        hidden={"product visible": frozenset({"n"})},
        has_paths=True,
        variants={"item type": frozenset({"sku", "rule"})},
        sold_anyway={"track inventory": "none"},
        ignored=re.compile(
            r"item type|product type|option set.*|(cost|retail|sale) price|fixed shipping cost|free shipping|"
            r"product (weight|width|height|depth)|allow purchases|track inventory|low stock level|"
            r"product (image|file) (id|description|is thumbnail|sort) \d+|product image file \d+|product tax class|"
            r"sort order"
        ),
    ),
    Layout(
        "Shopware's export",
        frozenset({"product number", "parent id", "stock"}),
        {
            "sku": ["product number"], "title": ["name"], "category": ["categories"],
            "price": ["price gross", "price net"], "image": ["cover media url"], "in_stock": ["stock"],
        },
        hidden={"active": frozenset({"0", "false"})},
        parent="parent id",
        ignored=re.compile(r"id|.* ids?|price (gross|net)|purchase .*|tax .*|cover media .*|sales channel"),
    ),
    Layout(
        "Amazon's template",
        frozenset({"item sku", "parent sku", "main image url"}),
        {
            "sku": ["item sku"], "title": ["item name"], "category": ["item type", "feed product type"],
            "price": ["standard price", "list price"], "image": ["main image url"], "in_stock": ["quantity"],
        },
        parent="parent sku",
        ignored=re.compile(r"feed product type|parent child|relationship .*|variation theme|update delete|.*fulfil.*"),
    ),
    Layout(
        "eBay's file",
        frozenset({"custom label", "relationship", "picurl"}),
        {
            "sku": ["custom label"], "title": ["title"], "category": ["store category", "category"],
            "price": ["startprice"], "image": ["picurl"], "in_stock": ["quantity"],
        },
        first=frozenset({"title"}),
        ignored=re.compile(r"action|relationship|relationshipdetails|format|duration|.*(profile|policy).*|location"),
    ),
    Layout(
        "Ecwid's export",
        frozenset({"product internal id", "product sku", "product media main image url"}),
        {
            "sku": ["product sku", "product internal id"], "title": ["product name"],
            "category": ["product category 1"], "price": ["product price"], "image": ["product media main image url"],
            "in_stock": ["product variation quantity", "product quantity"],
        },
        hidden={"product is available": frozenset({"false"})},
        has_paths=True,
        ignored=re.compile(
            r"type|product (internal id|option .*|is shipping required|compare to price|weight|(variation )?quantity)"
        ),
    ),
    Layout(
        "OpenCart's export",
        frozenset({"product id", "model", "image name"}),
        {
            "sku": ["sku", "model", "product id"], "title": ["name"], "category": ["categories"], "price": ["price"],
            "image": ["image name"], "in_stock": ["quantity"],
        },
        hidden={"status": frozenset({"false", "0"})},
        ignored=re.compile(r"shipping|points|date .*|(stock status|store|related|tax class) ids?|layout|sort order"),
    ),
)  # fmt: skip


def leaves_out(layout: Layout | None, column: str) -> bool:
    """Return whether a column says nothing that shoppers may see, in an export or in any other table."""
    return has_costs(column) or (layout is not None and layout.leaves_out(column))


def has_costs(column: str) -> bool:
    """Return whether a column says what a product costs the shop, which no shopper is told."""
    return is_cost(plain(column)) or is_cost(plain(apart(column)))


@lru_cache(10_000)
def plain(column: str) -> str:
    """Return the name of a column in lower case, with single spaces for all signs, without what is in brackets."""
    return words(re.sub(r"\(.*?\)", "", column))


def words(column: str) -> str:
    """Return the name of a column in lower case, with single spaces for all signs."""
    text = unicodedata.normalize("NFKC", column).translate(DOTS).lower()
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def apart(column: str) -> str:
    """Return the name of a column with spaces between words that capitals tell apart: productId."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)


def by_plain_name(columns: Iterable[str]) -> dict[str, str]:
    """Return columns by their names without signs, both without and with what is in brackets: Price (tax incl.).

    Of productId, the words count as well.
    """
    columns, named = list(columns), dict[str, str]()
    for column in filter(plain, columns):
        named.setdefault(plain(column), column)
        named.setdefault(words(column), column)
    for column in filter(plain, columns):  # after all names that are so written
        named.setdefault(plain(apart(column)), column)
    return named


def layout_of(columns: Iterable[str]) -> Layout | None:
    """Return the layout that has these columns."""
    named = by_plain_name(columns).keys()
    return next((layout for layout in LAYOUTS if layout.marks <= named), None)
