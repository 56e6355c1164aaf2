"""Products as JSON, XML and workbooks, and the set of H&M, and what must be read of them."""

import gzip
import io
import json
import random
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

from openpyxl import Workbook

from tests.catalog.importers.exports.catalogue import Expected, Item
from tests.catalog.importers.exports.tables import MONEY, TABLES, Money, expect

Document = tuple[Mapping[str, bytes], list[Expected]]  # files by name
WIDE = ("utf-8", "utf-8-sig", "utf-16")


def draw_json(items: Sequence[Item], generator: random.Random) -> Document:
    """Draw JSON lines, an array or an object around it, of numbers, lists and objects or of texts."""
    money, records, expected = generator.choice(MONEY), [], []
    is_typed = generator.random() < 0.5
    if is_typed:
        money = Money()
    for item in items:
        images: object = [{"id": number, "src": name} for number, name in enumerate(item.images)]
        records.append(
            {
                "sku": item.sku, "title": item.title, "category": " > ".join(item.path), "colour": item.colour,
                "price": float(item.price) if is_typed else money(item.price),
                "images": images if is_typed else ", ".join(item.images),
                "in_stock": item.stock > 0 if is_typed else str(item.stock),
                "sizes": list(item.sizes), "note": None,
            }
        )  # fmt: skip
        attributes = {"colour": item.colour, "sizes": ", ".join(item.sizes), "note": ""}
        expected.append(expect(item, money, attributes=attributes))
    is_ascii, indent = generator.random() < 0.5, generator.choice([None, 1])
    form = generator.choice(["lines", "array", "object"])
    if form == "lines":
        text = "\n\n".join(json.dumps(record, ensure_ascii=is_ascii) for record in records)
    else:
        whole = records if form == "array" else {"count": len(records), "products": records}
        text = json.dumps(whole, ensure_ascii=is_ascii, indent=indent)
    name = "export.jsonl" if form == "lines" else "export.json"
    return pack(name, text.encode(generator.choice(WIDE)), generator), expected


def draw_xml(items: Sequence[Item], generator: random.Random) -> Document:
    """Draw a feed of Google Merchant, in RSS or Atom, in some encoding."""
    money, is_atom = generator.choice(MONEY), generator.random() < 0.4
    cdata = generator.random() < 0.5
    expected, products = [], []
    for item in items:
        url = f"https://shop.example/{item.sku}"
        title = f"<![CDATA[{item.title}]]>" if cdata else escape(item.title)
        pictures = "".join(f"<g:additional_image_link>{name}</g:additional_image_link>" for name in item.images[1:])
        link = f'<link href="{url}"/>' if is_atom else f"<link>{url}</link>"
        stock = "in stock" if item.stock else "out of stock"
        body = (
            f"<g:id>{item.sku}</g:id><title>{title}</title>{link}<g:price>{money(item.price)}</g:price>"
            f"<g:image_link>{item.images[0]}</g:image_link>{pictures}<g:availability>{stock}</g:availability>\n"
            f"<g:product_type>{escape(' > '.join(item.path))}</g:product_type><g:color>{item.colour}</g:color>"
        )
        products.append(f"<entry>{body}</entry>" if is_atom else f"<item>{body}</item>")
        expected.append(expect(item, money, url=url, attributes={"color": item.colour}))
    names = 'xmlns:g="http://base.google.com/ns/1.0"'
    around = (
        '<feed xmlns="http://www.w3.org/2005/Atom" {}>{}</feed>' if is_atom else "<rss {}><channel>{}</channel></rss>"
    )
    text = around.format(names, "\n".join(products))
    is_narrow = text.encode("iso-8859-1", "ignore").decode("iso-8859-1") == text
    encoding = generator.choice([*WIDE, "iso-8859-1"] if is_narrow else WIDE)
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>\n{text}'
    return pack(generator.choice(["feed.xml", "feed.rss"]), text.encode(encoding), generator), expected


def draw_workbook(items: Sequence[Item], generator: random.Random) -> Document:
    """Draw a workbook of any table, some of whose cells are numbers, below a title, beside other sheets."""
    grid = generator.choice(TABLES)(items, Money())
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Products"
    if generator.random() < 0.5:
        sheet.append(["Stock list of the shop"])
        sheet.append([])
    sheet.append(grid.header)
    is_typed = generator.random() < 0.7
    for row in grid.rows:
        sheet.append([number_of(text, name) if is_typed else text for text, name in zip(row, grid.header, strict=True)])
        if generator.random() < 0.2:
            sheet.append([None] * len(row))
    if generator.random() < 0.5:
        book.create_sheet("Notes").append(["Written by hand"])
    file = io.BytesIO()
    book.save(file)
    return {"export.xlsx": file.getvalue()}, grid.expected


def number_of(text: str, name: str) -> str | float | int | None:
    """Return a price or a stock as a number."""
    if "price" in name.lower() and text:
        return float(text)
    if any(word in name.lower() for word in ("stock", "qty", "quantity")) and text.isdecimal():
        return int(text)
    return text or None


def draw_hm(items: Sequence[Item], generator: random.Random) -> Document:
    """Draw the set of H&M, in a folder or not."""
    lines, expected = ["article_id,product_code,prod_name,product_type_name,colour_group_name,detail_desc"], []
    files: dict[str, bytes] = {}
    for number, item in enumerate(items):
        sku = f"0{108775015 + number}"
        image = f"images/{sku[:3]}/{sku}.jpg"
        title = item.title.replace('"', '""')
        lines.append(f'{sku},0108775,"{title}",{item.path[-1]},{item.colour},"Jersey top, with straps"')
        files[image] = b"x"
        attributes = {"colour_group_name": item.colour, "detail_desc": "Jersey top, with straps"}
        expected.append(Expected(sku, item.title, item.path[-1], (image,), attributes=attributes))
    end = generator.choice(["\n", "\r\n"])
    files["articles.csv"] = end.join(lines).encode(generator.choice(["utf-8", "utf-8-sig"]))
    folder = generator.choice(["", "hm/"])
    return {f"{folder}{name}": data for name, data in files.items()}, expected


def pack(name: str, data: bytes, generator: random.Random) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(data, 1)} if generator.random() < 0.2 else {name: data}


DOCUMENTS: Mapping[str, Callable[[Sequence[Item], random.Random], Document]] = {
    "JSON": draw_json, "XML": draw_xml, "workbook": draw_workbook, "H&M": draw_hm,
}  # fmt: skip
