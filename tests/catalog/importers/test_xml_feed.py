import gzip

import pytest

from catalog.errors import ImportFailed
from catalog.importers import import_products, xml_feed
from catalog.importers.archive import Folder
from catalog.importers.rows import Problem
from catalog.importers.xml_feed import XmlFeed
from catalog.models import ImageDownload, Product
from tests.catalog.importers.builders import write_folder

G = 'xmlns:g="http://base.google.com/ns/1.0"'
ITEM = """
<g:id>{sku}</g:id><title>Ignored</title><g:title><![CDATA[Red & <b>warm</b>]]></g:title><g:price>19.95 EUR</g:price>
<g:product_type>Shoes &gt; Running</g:product_type><g:product_type>Sale</g:product_type>
<g:link>https://shop.example/1?a=1&amp;b=2</g:link><g:image_link>https://img.example/1.jpg</g:image_link><g:availability>in_stock</g:availability>
<g:additional_image_link>https://img.example/2.jpg</g:additional_image_link>
<g:additional_image_link>https://img.example/w_3,h_3/3.jpg</g:additional_image_link>
<g:shipping><g:country>DE</g:country><g:price>4.00 EUR</g:price></g:shipping>{more}
"""
RSS = f'<?xml version="1.0"?>\n<rss version="2.0" {G}><channel><title>Shop</title>\n<item>{{}}</item>\n</channel></rss>'
ATOM = f'<feed xmlns="http://www.w3.org/2005/Atom" {G}><title>Shop</title>\n<entry>{{}}</entry></feed>'


def item(sku="A", more=""):
    return ITEM.format(sku=sku, more=more)


def records(tmp_path, text: str | bytes, name: str = "feed.xml"):
    write_folder(tmp_path, {name: text})
    return list(XmlFeed(Folder(tmp_path), name))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("feed.xml", RSS.format(item())),
        ("feed.xml.gz", gzip.compress(RSS.format(item()).encode())),
        ("feed.rss", "\n" + RSS.format(item())),
        ("feed.xml", ATOM.format(item(more='<id>https://shop/1</id><link rel="alternate" href="https://shop/1"/>'))),
        ("feed.xml", RSS.replace('"1.0"?', '"1.0" encoding="UTF-16"?').format(item()).encode("utf-16")),
    ],
)
def test_a_feed_of_google_merchant_becomes_products(tmp_path, settings, name, text):
    settings.IMAGE_HOSTS = ["img.example"]
    write_folder(tmp_path, {name: text})

    report = import_products(tmp_path / name)
    again = import_products(tmp_path / name)

    product = Product.objects.get()
    assert str(report) == "1 created, 0 updated, 0 unchanged, 0 failed; 3 images are to be fetched by their URLs"
    assert again.unchanged == 1
    assert (product.sku, product.title, product.category.name, str(product.price), product.currency) == (
        "A", "Red & warm", "Shoes > Running", "19.95", "EUR",
    )  # fmt: skip
    assert product.url == "https://shop.example/1?a=1&b=2"
    assert product.attributes["shipping price"] == "4.00 EUR"
    urls = ImageDownload.objects.order_by("position").values_list("url", flat=True)
    assert [url.removeprefix("https://img.example/") for url in urls] == ["1.jpg", "2.jpg", "w_3,h_3/3.jpg"]


def test_products_of_other_feeds_are_found_with_lists_and_attributes(tmp_path):
    text = (
        '<shop><products><product id="7"><name>Hat</name><categories><category>Hats</category></categories>'
        '<price currency="EUR">5</price><images><image>1.jpg</image><image>2.jpg</image></images></product>\n'
        '<product id="8"><colour>red</colour></product></products></shop>'
    )

    assert records(tmp_path, text) == [
        (
            "feed.xml line 1",
            {"id": "7", "name": "Hat", "categories": "Hats", "price currency": "EUR", "price": "5",
             "images": "1.jpg, 2.jpg"},
        ),
        ("feed.xml line 2", {"id": "8", "colour": "red"}),
    ]  # fmt: skip
    assert XmlFeed(Folder(tmp_path), "feed.xml").columns[-1] == "colour"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            RSS.format("<g:id>A</g:id><g:title>a & b</g:title>"),
            "not well-formed XML: line 3, column .*: not well-formed",
        ),
        (RSS.format("<g:id>A")[:-30], "not well-formed XML: line 3, column"),
        (RSS.format("")[:80], "not well-formed XML: line 2, column"),
        ("<html2><p>x</p></html2>", "is XML without products: none of <entry>, <item>"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + ATOM.format("<id>&b;</id>"), "has a DOCTYPE"),
        (ATOM.format("<a>" * 60 + "</a>" * 60), "over 50 elements deep"),
        ("<a>" * 60 + "</a>" * 60, "over 50 elements deep"),
        (ATOM.format("".join(f"<a{n}/>" for n in range(21_000))), "over 20,000 names of elements"),
        (ATOM.format("".join(f"<a{n}>1</a{n}>" for n in range(6_000))), "over 5,000 columns"),
        (b'<?xml version="1.0" encoding="no-such"?><feed/>', "UTF-8 is taken: unknown encoding: no-such"),
        (ATOM.format("<id>" + "<a x='" + "y" * 3_000_000), "over 2,000,000 bytes without an end"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path, text, reason):
    with pytest.raises(ImportFailed, match=f"feed.xml.*{reason}"):
        records(tmp_path, text)


def test_a_product_that_is_too_long_is_a_problem_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_feed, "MOST_CHARACTERS", 1000)
    text = RSS.format(f"{item('A', 'x')}<description>{'long ' * 1000}</description></item><item>{item('B')}")

    long, short = records(tmp_path, text)

    assert long == Problem("feed.xml line 3", "it has over 1,000 characters")
    assert short[1]["id"] == "B"


def test_lists_of_images_are_known_in_capitals(tmp_path):
    (tmp_path / "f.xml").write_text(
        "<PRODUCTS><PRODUCT><IMAGES><IMAGE>a</IMAGE><IMAGE>b</IMAGE></IMAGES></PRODUCT></PRODUCTS>"
    )

    assert [fields for _, fields in XmlFeed(Folder(tmp_path), "f.xml")] == [{"IMAGES": "a, b"}]


HEUREKA = """<?xml version="1.0" encoding="utf-8"?><SHOP><SHOPITEM><ITEM_ID>AB-1</ITEM_ID><PRODUCTNAME>Bota
</PRODUCTNAME><DESCRIPTION>Teplá</DESCRIPTION><URL>https://shop.example/bota</URL><IMGURL>https://img.example/1.jpg</IMGURL>
<IMGURL_ALTERNATIVE>https://img.example/2.jpg</IMGURL_ALTERNATIVE>
<IMGURL_ALTERNATIVE>https://img.example/3.jpg</IMGURL_ALTERNATIVE><PRICE_VAT>1290</PRICE_VAT>
<CATEGORYTEXT>Obuv | Boty</CATEGORYTEXT><PARAM><PARAM_NAME>Barva</PARAM_NAME><VAL>modrá</VAL></PARAM>
<PARAM><PARAM_NAME>Velikost</PARAM_NAME><VAL>42</VAL></PARAM></SHOPITEM></SHOP>"""
PRODUCTS = """<products><product id="AB-1"><name>Bota</name><link>https://shop.example/bota</link>
<image>https://img.example/1.jpg</image><additional_image>https://img.example/2.jpg</additional_image>
<additional_image>https://img.example/3.jpg</additional_image><category>Obuv | Boty</category><price>1290</price>
<description>Teplá</description><attributes><attribute><name>Barva</name><value>modrá</value></attribute>
<attribute><name>Velikost</name><value>42</value></attribute></attributes></product></products>"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", [HEUREKA, PRODUCTS, PRODUCTS.replace("<products>", '<!DOCTYPE products SYSTEM "p.dtd"><products>')]
)
def test_feeds_of_other_programs_become_products_with_their_attributes_and_images(tmp_path, settings, text):
    settings.IMAGE_HOSTS = ["img.example"]
    (tmp_path / "feed.xml").write_text(text)

    assert import_products(tmp_path / "feed.xml").created == 1

    product = Product.objects.get()
    assert (product.sku, product.title, product.category.name) == ("AB-1", "Bota", "Obuv | Boty")
    assert (str(product.price), product.url) == ("1290.00", "https://shop.example/bota")
    assert {name.lower(): text for name, text in product.attributes.items()} == {
        "description": "Teplá", "barva": "modrá", "velikost": "42",
    }  # fmt: skip
    urls = ImageDownload.objects.order_by("position").values_list("url", flat=True)
    assert [url[-5:] for url in urls] == ["1.jpg", "2.jpg", "3.jpg"]


def test_attributes_are_named_by_attributes_of_elements_too(tmp_path):
    text = (
        '<shop><item><id>1</id><param name="Colour">red</param><param name="Colour">blue</param>'
        '<param name="Price">dear</param><g:product_detail xmlns:g="http://base.google.com/ns/1.0">'
        "<g:attribute_name>Heel</g:attribute_name><g:attribute_value>7 cm</g:attribute_value></g:product_detail>"
        "<note>a &copy; b</note></item></shop>"
    )

    [(_, fields)] = records(tmp_path, f'<!DOCTYPE shop SYSTEM "x.dtd">{text}')

    assert fields == {"id": "1", "Colour": "red, blue", "attribute Price": "dear", "Heel": "7 cm", "note": "a © b"}
