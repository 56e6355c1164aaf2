"""Exports of one drawn shop as Shopify, WooCommerce and Google Merchant write them, and a server of its images.

python -m tests.exports FOLDER --port 8090    # writes the files, and serves their images until Ctrl-C
"""

import argparse
import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from catalog.demo import DrawnProduct, draw, plan_catalog
from catalog.demo.simulation import Population, simulate

SEED = 23
SIZES = ("S", "M", "L")
GOOGLE = "http://base.google.com/ns/1.0"
ET.register_namespace("g", GOOGLE)

# fmt: off
SHOPIFY = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Option1 Linked To", "Option2 Name", "Option2 Value", "Option2 Linked To", "Variant SKU",
    "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy",
    "Variant Fulfillment Service", "Variant Price", "Variant Compare At Price", "Variant Requires Shipping",
    "Variant Taxable", "Variant Barcode", "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title",
    "SEO Description", "Variant Image", "Variant Weight Unit", "Variant Tax Code", "Cost per item", "Status",
]
WOOCOMMERCE = [
    "ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Is featured?", "Visibility in catalog",
    "Short description", "Description", "Date sale price starts", "Date sale price ends", "Tax status", "Tax class",
    "In stock?", "Stock", "Low stock amount", "Backorders allowed?", "Sold individually?", "Weight (kg)",
    "Allow customer reviews?", "Purchase note", "Sale price", "Regular price", "Categories", "Tags", "Shipping class",
    "Images", "Parent", "Grouped products", "Upsells", "Cross-sells", "External URL", "Button text", "Position",
    "Brands", "Attribute 1 name", "Attribute 1 value(s)", "Attribute 1 visible", "Attribute 1 global",
    "Attribute 2 name", "Attribute 2 value(s)", "Attribute 2 visible", "Attribute 2 global", "Meta: _edit_lock",
]
MERCHANT = [
    "id", "title", "description", "link", "image_link", "additional_image_link", "availability", "price", "brand",
    "condition", "product_type", "google_product_category", "color", "material", "pattern",
]
SHOPIFY_ORDERS = [
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Currency", "Subtotal", "Total",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Vendor", "Id",
]
# fmt: on
SHOPPERS = 200


def plan(products: int) -> list[DrawnProduct]:
    return plan_catalog(products, SEED)


def handle(product: DrawnProduct) -> str:
    return f"{product.title.lower().replace(' ', '-')}-{product.sku[2:].lstrip('0')}"


def write_all(folder: Path, images: str, products: int = 100) -> dict[str, Path]:
    """Write each export into a folder, and return their files by name. images: the URL of the server's root.

    orders_export.csv has what simulated shoppers bought of shopify.csv.
    """
    folder.mkdir(parents=True, exist_ok=True)
    planned = plan(products)
    files = {name: folder / name for name in ("shopify.csv", "woocommerce.csv", "google.xml", "google.tsv")}
    write_table(files["shopify.csv"], SHOPIFY, shopify_rows(planned, images))
    write_table(files["woocommerce.csv"], WOOCOMMERCE, woocommerce_rows(planned, images))
    items = [merchant_item(product, images) for product in planned]
    write_table(files["google.tsv"], MERCHANT, items, delimiter="\t")
    write_feed(files["google.xml"], items)
    write_table(folder / "orders_export.csv", SHOPIFY_ORDERS, shopify_orders(planned))
    return files


def write_table(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]], delimiter: str = ",") -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, delimiter=delimiter, restval="")
        writer.writeheader()
        writer.writerows(rows)


def shopify_rows(planned: Sequence[DrawnProduct], images: str) -> Iterator[dict[str, object]]:
    """Yield a row for each variant, the first with the product's own values; a further image has a row of its own."""
    for product in planned:
        name = handle(product)
        for number, size in enumerate(SIZES):
            row: dict[str, object] = {"Handle": name}
            if number == 0:
                row |= {
                    "Title": product.title.capitalize(),
                    "Body (HTML)": f"<p>A <b>{product.title}</b> &amp; more.</p>\n<ul><li>made to last</li></ul>",
                    "Vendor": "Northwind", "Product Category": f"Apparel & Accessories > {product.category.title()}",
                    "Type": product.category.title(), "Tags": ", ".join(product.attributes.values()),
                    "Published": "true", "Option1 Name": "Size", "Image Position": 1, "Gift Card": "false",
                    "Image Src": f"{images}/files/{product.sku}.jpg?v=1700000000", "Status": "active",
                }  # fmt: skip
            row |= {
                "Option1 Value": size, "Variant SKU": f"{product.sku}-{size}", "Variant Grams": 250,
                "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": number * 3,
                "Variant Inventory Policy": "deny", "Variant Fulfillment Service": "manual",
                "Variant Price": product.price, "Variant Requires Shipping": "true", "Variant Taxable": "true",
                "Variant Weight Unit": "g", "Cost per item": "4.10",
            }  # fmt: skip
            yield row
        yield {
            "Handle": name, "Image Src": f"{images}/files/{product.sku}-back.jpg?v=1700000000", "Image Position": 2,
        }  # fmt: skip


def shopify_orders(planned: Sequence[DrawnProduct]) -> Iterator[dict[str, object]]:
    """Yield a row for each purchase of a simulated shopper, of a size of the product."""
    labels = [{"category": product.category, **product.attributes} for product in planned]
    events = simulate(labels, Population(shoppers=SHOPPERS), SEED).events
    bought = [(shopper, planned[item], when) for shopper, item, kind, when in events if kind == "purchase"]
    for number, (shopper, product, when) in enumerate(bought, start=1001):
        size = SIZES[number % len(SIZES)]
        yield {
            "Name": f"#{number}", "Email": f"{shopper}@example.com", "Financial Status": "paid", "Currency": "EUR",
            "Created at": f"{when:%Y-%m-%d %H:%M:%S %z}", "Lineitem quantity": 1, "Vendor": "Northwind", "Id": number,
            "Lineitem name": f"{product.title.capitalize()} - {size}", "Lineitem price": product.price,
            "Lineitem sku": f"{product.sku}-{size}", "Total": product.price,
        }  # fmt: skip


def woocommerce_rows(planned: Sequence[DrawnProduct], images: str) -> Iterator[dict[str, object]]:
    """Yield a row for each variable product, and one for each of its variations."""
    for number, product in enumerate(planned):
        ident = 100 + 10 * number
        both = [f"{images}/wp-content/uploads/{product.sku}{side}.jpg" for side in ("", "-back")]
        common = {
            "Published": 1, "Is featured?": 0, "Visibility in catalog": "visible", "Tax status": "taxable",
            "In stock?": 1, "Backorders allowed?": 0, "Sold individually?": 0,
        }  # fmt: skip
        yield common | {
            "ID": ident, "Type": "variable", "SKU": product.sku, "Name": product.title.capitalize(),
            "Description": f"<p>A {product.title}.</p>",
            "Categories": f"Clothing, Clothing > {product.category.title()}",
            "Tags": ", ".join(product.attributes.values()), "Images": ", ".join(both), "Brands": "Northwind",
            "Attribute 1 name": "Size", "Attribute 1 value(s)": ", ".join(SIZES), "Attribute 1 visible": 1,
            "Attribute 1 global": 1, "Attribute 2 name": "Colour", "Attribute 2 value(s)": product.attributes["colour"],
            "Attribute 2 visible": 1, "Attribute 2 global": 1, "Allow customer reviews?": 1,
            "Meta: _edit_lock": "1700000000:1",
        }  # fmt: skip
        for position, size in enumerate(SIZES, start=1):
            yield common | {
                "ID": ident + position, "Type": "variation", "SKU": f"{product.sku}-{size}", "Stock": position,
                "Name": f"{product.title.capitalize()} - {size}", "Regular price": product.price, "Parent": product.sku,
                "Tax class": "parent", "Position": position, "Attribute 1 name": "Size", "Attribute 1 value(s)": size,
                "Attribute 1 global": 1,
            }  # fmt: skip


def merchant_item(product: DrawnProduct, images: str) -> dict[str, str]:
    return {
        "id": product.sku,
        "title": product.title.capitalize(),
        "description": f"A {product.title}, made to last.",
        "link": f"https://store.example/products/{handle(product)}?variant=1&utm_source=google",
        "image_link": f"{images}/{product.sku}.jpg",
        "additional_image_link": f"{images}/{product.sku}-back.jpg",
        "availability": "in_stock",
        "price": f"{product.price} EUR",
        "brand": "Northwind",
        "condition": "new",
        "product_type": f"Home > Clothing > {product.category.title()}",
        "google_product_category": "1604",
        "color": product.attributes["colour"],
        "material": product.attributes["material"],
        "pattern": product.attributes["pattern"],
    }


def write_feed(file: Path, items: Sequence[Mapping[str, str]]) -> None:
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    ET.SubElement(channel, "title").text = "Northwind"
    ET.SubElement(channel, "link").text = "https://store.example"
    for item in items:
        element = ET.SubElement(channel, "item")
        for name, value in item.items():
            ET.SubElement(element, f"{{{GOOGLE}}}{name}").text = value
    ET.ElementTree(rss).write(file, encoding="utf-8", xml_declaration=True)


class ImageHandler(BaseHTTPRequestHandler):
    """Answers /…/SKU.jpg, and SKU-back.jpg, with drawn images; all else is not found."""

    def __init__(self, image_of: Callable[[str], bytes], *arguments: object) -> None:
        self.image_of = image_of
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server calls it

    def do_GET(self) -> None:
        try:
            image = self.image_of(Path(urlsplit(self.path).path).stem)
        except KeyError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(image)))
        self.end_headers()
        self.wfile.write(image)

    def log_message(self, format: str, *values: object) -> None:
        pass


def image_server(products: int = 100, port: int = 0) -> ThreadingHTTPServer:
    """Return a server of the images of the first `products`, which does not serve yet."""
    planned = {product.sku: product for product in plan(products)}

    @cache
    def image_of(name: str) -> bytes:
        sku, _, back = name.partition("-")
        out = io.BytesIO()
        draw(planned[sku], SEED + bool(back)).save(out, "JPEG", quality=90)
        return out.getvalue()

    return ThreadingHTTPServer(("127.0.0.1", port), partial(ImageHandler, image_of))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.exports", description="Write exports; serve their images.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--products", type=int, default=100)
    parser.add_argument("--port", type=int, default=8090)
    options = parser.parse_args()
    server = image_server(options.products, options.port)
    for file in write_all(options.folder, f"http://127.0.0.1:{server.server_port}", options.products).values():
        print(file)
    print(f"Images at http://127.0.0.1:{server.server_port}; Ctrl-C ends them.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
