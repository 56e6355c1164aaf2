"""Tables of further programs: Squarespace, Etsy, Wix and BigCommerce, and what must be read of them."""

from collections.abc import Sequence

from tests.catalog.importers.exports.catalogue import Item
from tests.catalog.importers.exports.tables import Grid, Money, expect


def squarespace(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "Product ID [Non Editable]", "Variant ID [Non Editable]", "Product URL", "Title", "Description", "SKU",
        "Option Name 1", "Option Value 1", "Price", "On Sale", "Stock", "Categories", "Visible", "Hosted Image URLs",
    ]  # fmt: skip
    rows, expected = [], []
    for number, item in enumerate(items):
        paths = f"/{item.path[0]}, /{'/'.join(item.path)}"
        for place, size in enumerate(item.sizes or ("",)):
            is_first = place == 0
            rows.append(
                [f"5f{number}" * is_first, f"9a{number}{place}", item.sku * is_first, item.title * is_first, "",
                 f"{item.sku}-{place}", "Size" * bool(size), size, money(item.price), "No", str(item.stock),
                 paths * is_first, ("No" if item.is_hidden else "Yes") * is_first, ",".join(item.images) * is_first]
            )  # fmt: skip
        attributes = {"Size": ", ".join(item.sizes)} if item.sizes else {}
        expected.append(expect(item, money, is_hidden=item.is_hidden, attributes=attributes))
    return Grid(header, rows, expected, (3, 4), "Squarespace's export")


def etsy(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "TITLE", "DESCRIPTION", "PRICE", "CURRENCY_CODE", "QUANTITY", "MATERIALS",
        *(f"IMAGE{number}" for number in range(1, 11)), "VARIATION 1 TYPE", "VARIATION 1 NAME", "VARIATION 1 VALUES",
        "SKU",
    ]  # fmt: skip
    rows, expected = [], []
    for item in items:
        images = [*item.images, *[""] * 10][:10]
        skus = [item.sku, *(f"{item.sku}-{size}" for size in item.sizes)]
        options = ["Size", "Size", ",".join(item.sizes)] if item.sizes else [""] * 3
        rows.append(
            [
                item.title,
                "",
                money(item.price),
                money.currency or "EUR",
                str(item.stock),
                item.colour,
                *images,
                *options,
                ",".join(skus),
            ]
        )
        attributes = {"materials": item.colour} | ({"Size": ", ".join(item.sizes)} if item.sizes else {})
        expected.append(
            expect(item, money, category="Unsorted", currency=money.currency or "EUR", attributes=attributes)
        )
    return Grid(header, rows, expected, (0, 1), "Etsy's listings")


def wix(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "handleId", "fieldType", "name", "description", "productImageUrl", "collection", "sku", "price", "visible",
        "inventory", "productOptionName1", "productOptionType1", "productOptionDescription1",
    ]  # fmt: skip
    rows, expected = [], []
    for item in items:
        name, values = ("Size", ";".join(item.sizes)) if item.sizes else ("", "")
        stock = "InStock" if item.stock else "OutOfStock"
        rows.append(
            [item.sku, "Product", item.title, "", ";".join(item.images), item.path[-1], "" if item.sizes else "S",
             money(item.price), "false" if item.is_hidden else "true", stock, name, "DROP_DOWN" * bool(name), values]
        )  # fmt: skip
        for size in item.sizes:
            rows.append([item.sku, "Variant", "", "", "", "", f"{item.sku}-{size}", "", "", "", "", "", size])
        attributes = {"Size": ", ".join(item.sizes)} if item.sizes else {}
        expected.append(expect(item, money, category=item.path[-1], is_hidden=item.is_hidden, attributes=attributes))
    return Grid(header, rows, expected, (2, 3), "Wix's export")


def bigcommerce(items: Sequence[Item], money: Money) -> Grid:
    header = [
        "Item Type", "Product ID", "Product Name", "Product Code/SKU", "Product Description", "Price", "Cost Price",
        "Product Visible?", "Track Inventory", "Current Stock Level", "Category", "Product Image File - 1",
        "Product Image Sort - 1", "Product Image File - 2", "Product Image File - 3",
    ]  # fmt: skip
    rows, expected = [], []
    for number, item in enumerate(items, 7):
        images = [*item.images, "", "", ""]
        rows.append(
            ["Product", str(number), item.title, item.sku, "", money(item.price), "1.00",
             "N" if item.is_hidden else "Y", "by product", str(item.stock), f"{item.path[0]};{'/'.join(item.path)}",
             images[0], "0", images[1], images[2]]
        )  # fmt: skip
        expected.append(expect(item, money, is_hidden=item.is_hidden, attributes={"Product ID": str(number)}))
    return Grid(header, rows, expected, (2, 4), "BigCommerce's export")
