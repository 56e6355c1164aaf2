"""Products as the interfaces of shops respond and as feeds of XML have them, and what must be read of them."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from tests.catalog.importers.exports.catalogue import Expected, Item
from tests.catalog.importers.exports.documents import WIDE, Document, pack
from tests.catalog.importers.exports.tables import Money, expect

PLAIN = Money()
Record = dict[str, object]


def sized(item: Item, **attributes: str) -> dict[str, str]:
    return attributes | ({"Size": ", ".join(item.sizes)} if item.sizes else {})


def shopify(items: Sequence[Item], generator: random.Random) -> tuple[list[Record], list[Expected]]:
    """Draw products.json of a storefront, which says of a variant whether it is available, or REST's, which counts."""
    is_public, records = generator.random() < 0.5, []
    for item in items:
        stock: Record = {"available": item.stock > 0}
        if not is_public:
            stock = {"inventory_quantity": item.stock, "inventory_management": "shopify", "inventory_policy": "deny"}
        variants = [
            {"sku": f"{item.sku}-{size}", "option1": size or "Default Title", "price": f"{item.price}", **stock}
            for size in item.sizes or ("",)
        ]
        records.append(
            {
                "id": 1, "title": item.title, "handle": item.sku, "body_html": "<p>x</p>", "vendor": "Acme",
                "product_type": item.path[-1], "published_at": None if item.is_hidden else "2026-01-02T10:00:00Z",
                "variants": variants, "options": [{"name": "Size" if item.sizes else "Title"}],
                "images": [{"src": name} for name in item.images],
            }
        )  # fmt: skip
    expected = [
        expect(item, PLAIN, category=item.path[-1], is_hidden=item.is_hidden, attributes=sized(item, Vendor="Acme"))
        for item in items
    ]
    return records, expected


def woocommerce(items: Sequence[Item], generator: random.Random) -> tuple[list[Record], list[Expected]]:
    """Draw wc/v3/products, or wc/store, whose prices are in cents."""
    is_store, records, expected = generator.random() < 0.5, list[Record](), []
    for number, item in enumerate(items, 10):
        option: Record = {"name": "Size", "options": list(item.sizes), "terms": [{"name": size} for size in item.sizes]}
        own: Record = {
            "id": number, "name": item.title, "sku": item.sku, "categories": [{"name": item.path[-1]}],
            "images": [{"src": name} for name in item.images], "attributes": [option] if item.sizes else [],
        }  # fmt: skip
        if is_store:
            prices = {"regular_price": str(int(item.price * 100)), "currency_code": "EUR", "currency_minor_unit": 2}
            own |= {"prices": prices, "is_in_stock": item.stock > 0}
        else:
            own |= {
                "regular_price": f"{item.price}", "stock_status": "instock" if item.stock else "outofstock",
                "status": "draft" if item.is_hidden else "publish", "catalog_visibility": "visible",
            }  # fmt: skip
        records.append(own)
        others = {"currency": "EUR", "is_hidden": None} if is_store else {"is_hidden": item.is_hidden}
        expected.append(expect(item, PLAIN, category=item.path[-1], attributes=sized(item), **others))
    return records, expected


def magento(items: Sequence[Item], generator: random.Random) -> tuple[list[Record], list[Expected]]:
    """Draw V1/products of REST, or of GraphQL."""
    is_rest, records, expected = generator.random() < 0.5, list[Record](), []
    for number, item in enumerate(items, 20):
        if is_rest:
            entries = [{"file": name, "media_type": "image", "disabled": False, "types": []} for name in item.images]
            record: Record = {
                "id": number, "sku": item.sku, "name": item.title, "type_id": "simple", "price": float(item.price),
                "status": 2 if item.is_hidden else 1, "visibility": 4, "media_gallery_entries": entries,
                "extension_attributes": {"stock_item": {"is_in_stock": item.stock > 0}},
                "custom_attributes": [
                    {"attribute_code": "category_ids", "value": ["2", "7"]},
                    {"attribute_code": "colour", "value": item.colour},
                ],
            }  # fmt: skip
            others = {"category": "category 7", "is_hidden": item.is_hidden, "attributes": {"colour": item.colour}}
        else:
            price = {"regular_price": {"value": float(item.price), "currency": "EUR"}}
            categories = [{"name": name, "level": level} for level, name in enumerate(item.path, 2)]
            record = {
                "sku": item.sku, "name": item.title, "__typename": "ConfigurableProduct", "categories": categories,
                "price_range": {"minimum_price": price}, "stock_status": "IN_STOCK" if item.stock else "OUT_OF_STOCK",
                "image": {"url": item.images[0]}, "media_gallery": [{"url": name} for name in item.images],
                "configurable_options": [{"label": "Size", "values": [{"label": size} for size in item.sizes]}],
                "variants": [{"product": {"sku": f"{item.sku}-{size}"}} for size in item.sizes],
            }  # fmt: skip
            others = {"category": item.path[-1], "currency": "EUR", "attributes": sized(item)}
        records.append(record)
        expected.append(expect(item, PLAIN, **others))
    return records, expected


def wix(items: Sequence[Item], generator: random.Random) -> tuple[list[Record], list[Expected]]:
    """Draw catalogues of Wix and BigCommerce with their names of columns, as programs between write them."""
    records: list[Record] = [
        {
            "productId": item.sku, "name": item.title, "categories": [{"name": " > ".join(item.path)}],
            "price": {"value": f"{item.price}", "currency": "EUR"}, "images": [{"url": name} for name in item.images],
            "inventory_level": item.stock, "stock": {"inStock": item.stock > 0},
            "custom_fields": [{"name": "Colour", "value": item.colour}], "is_visible": not item.is_hidden,
        }
        for item in items
    ]  # fmt: skip
    for record in records:
        record["in_stock"] = record.pop("stock")["inStock"]  # type: ignore[index] -- an object, as above
    return records, [
        expect(item, PLAIN, currency="EUR", is_hidden=item.is_hidden, attributes={"Colour": item.colour})
        for item in items
    ]


def schema_org(items: Sequence[Item], generator: random.Random) -> tuple[list[Record], list[Expected]]:
    """Draw schema.org's products as JSON-LD, with one offer or a list of them."""
    is_list, records = generator.random() < 0.5, list[Record]()
    for item in items:
        availability = f"https://schema.org/{'InStock' if item.stock else 'OutOfStock'}"
        offer = {"@type": "Offer", "price": f"{item.price}", "priceCurrency": "EUR", "availability": availability}
        records.append(
            {
                "@context": "https://schema.org/", "@type": "Product", "sku": item.sku, "name": item.title,
                "category": " > ".join(item.path), "image": list(item.images), "color": item.colour,
                "brand": {"@type": "Brand", "name": "Acme"}, "offers": [offer] if is_list else offer,
            }
        )  # fmt: skip
    return records, [expect(item, PLAIN, currency="EUR", attributes={"color": item.colour}) for item in items]


JSON = (shopify, woocommerce, magento, wix, schema_org)


def draw_interface(items: Sequence[Item], generator: random.Random) -> Document:
    """Draw what an interface responds: an array, an object around it, lines, or two pages behind each other."""
    records, expected = generator.choice(JSON)(items, generator)
    form = generator.choice(["array", "object", "lines", "pages"])
    if form == "lines":
        text = "\n".join(json.dumps(record) for record in records)
    elif form == "pages":
        text = "".join(json.dumps({"products": part}) for part in (records[:2], records[2:], []))
    else:
        text = json.dumps(records if form == "array" else {"items": records, "total_count": len(records)}, indent=1)
    return pack("products.json", text.encode(generator.choice(WIDE)), generator), expected


def draw_yml(items: Sequence[Item], generator: random.Random) -> Document:
    """Draw a feed of Yandex, whose offers of one group stand anywhere."""
    numbers: dict[tuple[str, ...], int] = {}
    for item in items:
        for end in range(1, len(item.path) + 1):
            numbers.setdefault(item.path[:end], len(numbers) + 1)
    categories = ""
    for path, number in numbers.items():
        parent = f' parentId="{numbers[path[:-1]]}"' if len(path) > 1 else ""
        categories += f'<category id="{number}"{parent}>{path[-1]}</category>'
    offers = []
    for item in items:
        pictures = "".join(f"<picture>{name}</picture>" for name in item.images)
        for size in item.sizes or ("",):
            group = f" group_id={quoteattr(item.sku)}" * bool(size)
            offers.append(
                f"<offer id={quoteattr(f'{item.sku}-{size}' if size else item.sku)}{group}"
                f' available="{str(item.stock > 0).lower()}"><price>{item.price}</price><currencyId>RUR</currencyId>'
                f"<categoryId>{numbers[item.path]}</categoryId>{pictures}<name>{escape(item.title)}</name>"
                + f'<param name="Size">{size}</param>' * bool(size)
                + f'<param name="Colour">{item.colour}</param></offer>'
            )
    together = [offer for offer in offers if "group_id" not in offer]
    apart = [offer for offer in offers if "group_id" in offer]
    # Groups take turns, and each has its sizes in their order.
    mixed = [*apart[::2], *together, *apart[1::2]] if generator.random() < 0.5 else offers
    shop = f"<categories>{categories}</categories><offers>{''.join(mixed)}</offers>"
    text = f"<yml_catalog><shop>{shop}</shop></yml_catalog>"
    expected = []
    for item in items:
        order = [size for offer in mixed for size in item.sizes if f"id={quoteattr(f'{item.sku}-{size}')} " in offer]
        attributes = {"Colour": item.colour} | ({"Size": ", ".join(order)} if order else {})
        expected.append(expect(item, PLAIN, currency="RUB", attributes=attributes))
    return pack("feed.xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), generator), expected


def draw_heureka(items: Sequence[Item], generator: random.Random) -> Document:
    """Draw a feed of Heureka, or the same in the words of a shop of its own."""
    is_own = generator.random() < 0.5
    names = ["product", "sku", "title", "price", "image", "category", "stock", "attribute", "name", "value"]
    if not is_own:
        names = [
            "SHOPITEM", "ITEM_ID", "PRODUCTNAME", "PRICE_VAT", "IMGURL", "CATEGORYTEXT", "STOCK", "PARAM",
            "PARAM_NAME", "VAL",
        ]  # fmt: skip
    product, sku, title, price, image, category, stock, bag, label, value = names
    further = "<images>{}</images>" if is_own else "{}"
    products, expected = [], []
    for item in items:
        tag = "image" if is_own else "IMGURL_ALTERNATIVE"
        pictures = further.format("".join(f"<{tag}>{name}</{tag}>" for name in item.images[1:]))
        products.append(
            f"<{product}><{sku}>{item.sku}</{sku}><{title}>{escape(item.title)}</{title}><{price}>{item.price}</{price}>"
            f"<{image}>{item.images[0]}</{image}>{pictures}<{category}>{escape(' > '.join(item.path))}</{category}>"
            f"<{stock}>{item.stock}</{stock}><{bag}><{label}>Colour</{label}><{value}>{item.colour}</{value}></{bag}>"
            f"</{product}>"
        )
        expected.append(expect(item, PLAIN, attributes={"Colour": item.colour}))
    root = "products" if is_own else "SHOP"
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>{"".join(products)}</{root}>'
    return pack("feed.xml", text.encode(), generator), expected


INTERFACES: Mapping[str, Callable[[Sequence[Item], random.Random], Document]] = {
    "interface": draw_interface, "YML": draw_yml, "Heureka": draw_heureka,
}  # fmt: skip
