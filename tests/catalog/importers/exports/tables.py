"""Tables of products in the layouts of programs: a header and rows of texts, and what must be read of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.catalog.importers.exports.catalogue import Expected, Item


@dataclass(frozen=True)
class Money:
    """How a program writes prices."""

    decimal: str = "."
    thousands: str = ""
    form: str = "{}"  # with the currency, if any
    currency: str | None = None

    def __call__(self, price: Decimal) -> str:
        digits = f"{price:,.2f}".replace(",", "\0").replace(".", self.decimal).replace("\0", self.thousands)
        return self.form.format(digits)


MONEY = (
    Money(),
    Money(","),
    Money(".", ","),
    Money(",", "."),
    Money(".", "'"),
    Money(",", "\u00a0", "{}\u00a0€", "EUR"),
    Money(".", ",", "${}", "USD"),
    Money(",", ".", "EUR {}", "EUR"),
    Money(".", "", "{} GBP", "GBP"),
    Money(".", "’", "CHF {}", "CHF"),
)


@dataclass
class Grid:
    """A table, and what is expected of it."""

    header: list[str]
    rows: list[list[str]]
    expected: list[Expected]
    text_columns: Sequence[int] = field(default_factory=tuple)  # which have texts that may be long or have entities
    program: str = ""  # named in the notes


def own(items: Sequence[Item], money: Money) -> Grid:
    header = ["sku", "title", "category", "price", "image", "in_stock", "colour", "size", "care"]
    rows, expected = [], []
    for item in items:
        for size in item.sizes or ("",):
            rows.append(
                [item.sku, item.title, " > ".join(item.path), money(item.price), ", ".join(item.images),
                 str(item.stock), item.colour, size, ""]
            )  # fmt: skip
        attributes = {"colour": item.colour, "size": ", ".join(item.sizes)}
        expected.append(expect(item, money, attributes=attributes))
    return Grid(header, rows, expected, (1, 8))


def shopify(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Published", "Option1 Name", "Option1 Value", "Variant SKU",
        "Variant Inventory Qty", "Variant Price", "Image Src", "Image Position", "Color", "Status",
    ]  # fmt: skip
    rows, expected = [], []
    for item in items:
        sizes = item.sizes or ("",)
        for number in range(max(len(sizes), len(item.images))):
            is_first, size = number == 0, sizes[number] if number < len(sizes) else ""
            image = item.images[number] if number < len(item.images) else ""
            is_variant = number < len(sizes)
            rows.append(
                [item.sku, item.title * is_first, "", "Acme" * is_first, item.path[-1] * is_first, "true" * is_first,
                 "Size" * (is_first and bool(size)), size, f"{item.sku}-{number}" * is_variant,
                 str(item.stock) * is_variant, money(item.price) * is_variant, image, str(number + 1) * bool(image),
                 item.colour * is_first, ("draft" if item.is_hidden else "active") * is_first]
            )  # fmt: skip
        attributes = {"Vendor": "Acme", "Color": item.colour} | ({"Size": ", ".join(item.sizes)} if item.sizes else {})
        expected.append(expect(item, money, category=item.path[-1], is_hidden=item.is_hidden, attributes=attributes))
    return Grid(header, rows, expected, (1, 2), "Shopify's export")


def shopify_of_2025(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "Title", "URL handle", "Description", "Vendor", "Product category", "Type", "Published on online store",
        "Status", "SKU", "Option1 name", "Option1 value", "Price", "Inventory quantity", "Product image URL",
        "Image position",
    ]  # fmt: skip
    rows, expected = [], []
    for item in items:
        sizes = item.sizes or ("",)
        for number in range(max(len(sizes), len(item.images))):
            is_first, is_variant = number == 0, number < len(sizes)
            size = sizes[number] if is_variant else ""
            image = item.images[number] if number < len(item.images) else ""
            rows.append(
                [item.title * is_first, item.sku, "", "Acme" * is_first, "Apparel" * is_first, item.path[-1] * is_first,
                 "TRUE" * is_first, ("Draft" if item.is_hidden else "Active") * is_first,
                 f"{item.sku}-{number}" * is_variant, "Size" * (is_first and bool(size)), size,
                 money(item.price) * is_variant, str(item.stock) * is_variant, image, ""]
            )  # fmt: skip
        attributes = {"Size": ", ".join(item.sizes)} if item.sizes else {}
        expected.append(expect(item, money, category=item.path[-1], is_hidden=item.is_hidden, attributes=attributes))
    return Grid(header, rows, expected, (0, 2), "Shopify's export")


def woocommerce(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "ID", "Type", "SKU", "Name", "Published", "Short description", "In stock?", "Stock", "Sale price",
        "Regular price", "Categories", "Images", "Parent", "Attribute 1 name", "Attribute 1 value(s)",
        "Attribute 1 visible", "Attribute 2 name", "Attribute 2 value(s)",
    ]  # fmt: skip
    rows, variations, expected = [], [], []
    for number, item in enumerate(items, 101):
        path = " > ".join(item.path)
        rows.append(
            [str(number), "variable" if item.sizes else "simple", item.sku, item.title, str(int(not item.is_hidden)),
             "", str(int(item.stock > 0)), str(item.stock), "", money(item.price) * (not item.sizes),
             f"{item.path[0]}, {path}", ", ".join(item.images), "", "Colour", item.colour, "1",
             "Size" * bool(item.sizes), ", ".join(item.sizes)]
        )  # fmt: skip
        for size in item.sizes:
            variations.append(
                [f"{number}{size}", "variation", f"{item.sku}-{size}", f"{item.title} - {size}", "1", "", "1",
                 str(item.stock), "", money(item.price), "", "", item.sku, "", "", "", "Size", size]
            )  # fmt: skip
        attributes = {"Colour": item.colour} | ({"Size": ", ".join(item.sizes)} if item.sizes else {})
        expected.append(expect(item, money, is_hidden=item.is_hidden, attributes=attributes))
    return Grid(header, rows + variations, expected, (3, 5), "WooCommerce's export")


def magento(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "sku", "store_view_code", "attribute_set_code", "product_type", "categories", "product_websites", "name",
        "description", "price", "visibility", "product_online", "base_image", "additional_images", "qty", "is_in_stock",
        "additional_attributes", "configurable_variations",
    ]  # fmt: skip
    rows, expected = [], []
    for item in items:
        children = [f"{item.sku}-{size}" for size in item.sizes]
        for child, size in zip(children, item.sizes, strict=True):
            rows.append(
                [child, "", "Default", "simple", "", "base", f"{item.title} {size}", "", money(item.price),
                 "Not Visible Individually", "1", "", "", str(item.stock), "1", f"size={size}", ""]
            )  # fmt: skip
        variations = "|".join(f"sku={sku},size={size}" for sku, size in zip(children, item.sizes, strict=True))
        paths = f"Default Category/{item.path[0]},Default Category/{'/'.join(item.path)}"
        rows.append(
            [item.sku, "", "Default", "configurable" if item.sizes else "simple", paths, "base", item.title, "",
             money(item.price) * (not item.sizes), "Catalog, Search", "2" if item.is_hidden else "1", item.images[0],
             ",".join(item.images[1:]), str(item.stock), str(int(item.stock > 0)), f"colour={item.colour}", variations]
        )  # fmt: skip
        rows.append([item.sku, "de", "Default", "simple", "", "base", f"{item.title} (de)", *[""] * 10])
        attributes = {"colour": item.colour} | ({"size": ", ".join(item.sizes)} if item.sizes else {})
        expected.append(expect(item, money, is_hidden=item.is_hidden, attributes=attributes))
    return Grid(header, rows, expected, (6, 7), "Magento's export")


def prestashop(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "Product ID", "Active (0/1)", "Name*", "Categories (x,y,z...)", "Price tax included", "Reference #", "Quantity",
        "Description", "Image URLs (x,y,z...)", "Feature (Name:Value:Position:Customized)",
    ]  # fmt: skip
    rows, expected = [], []
    for number, item in enumerate(items, 1):
        rows.append(
            [str(number), str(int(not item.is_hidden)), item.title, f"Home,{item.path[0]}", money(item.price), item.sku,
             str(item.stock), "", ",".join(item.images), f"Colour:{item.colour}:1:0"]
        )  # fmt: skip
        expected.append(
            expect(item, money, category=item.path[0], is_hidden=item.is_hidden, attributes={"Colour": item.colour})
        )
    return Grid(header, rows, expected, (2, 7), "PrestaShop's export")


def google(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "id", "title", "description", "link", "condition", "price", "availability", "image link",
        "additional image link", "product type", "color",
    ]  # fmt: skip
    rows, expected = [], []
    for item in items:
        url = f"https://shop.example/{item.sku}"
        rows.append(
            [item.sku, item.title, "", url, "new", money(item.price), "in_stock" if item.stock else "out_of_stock",
             item.images[0], ",".join(item.images[1:]), " > ".join(item.path), item.colour]
        )  # fmt: skip
        attributes = {"condition": "new", "color": item.colour}
        expected.append(expect(item, money, url=url, attributes=attributes))
    return Grid(header, rows, expected, (1, 2), "a Google Merchant feed")


TABLES: tuple[Callable[[Sequence[Item], Money], Grid], ...] = (
    own, shopify, shopify_of_2025, woocommerce, magento, prestashop, google,
)  # fmt: skip


def expect(item: Item, money: Money, **others: object) -> Expected:
    """Return what most exports say of an item, and what this one says otherwise."""
    values: dict[str, object] = {
        "sku": item.sku, "title": item.title, "category": " > ".join(item.path), "images": item.images,
        "price": item.price, "currency": money.currency, "in_stock": item.stock > 0,
    }  # fmt: skip
    return Expected(**(values | others))  # type: ignore[arg-type] -- by name
