"""Exports of further programs and markets, as they write them, and the rows and events that must come of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.importers.detect import open_source
from catalog.importers.event_records import Events
from catalog.importers.rows import Problem, Row

BIGCOMMERCE = """\
Item Type,Product ID,Product Name,Product Code/SKU,Brand Name,Product Description,Price,Cost Price,Product Visible?,\
Track Inventory,Current Stock Level,Category,Product Image File - 1,Product Image URL - 1
Product,77,Fog towel,TOWEL,Fog,<p>Soft &amp; light</p>,49.00,20.00,Y,by option,12,Shop/Bath;Garden,a/t.jpg,https://x.example/t.jpg
  SKU,120,[S]Colour=Blue,TOWEL-BL,,,,,,,12,,,
  SKU,121,[S]Colour=Red,TOWEL-RD,,,,,,,0,,,
Product,80,Orb,ORB,,,109.00,,N,none,0,Garden,b/o.jpg,https://x.example/o.jpg
"""
ECWID = """\
type,product_internal_id,product_sku,product_name,product_price,product_quantity,product_is_available,\
product_media_main_image_url,product_media_gallery_image_url_1,product_category_1,product_variation_sku,\
product_variation_option_Size,product_variation_quantity
product,1001,EC-1,Linen dress,59.00,5,true,https://x.example/a.jpg,https://x.example/b.jpg,Women / Dresses,,,
product_variation,1001,EC-1,,59.00,,,,,,EC-1-S,S,0
product_variation,1001,EC-1,,59.00,,,,,,EC-1-M,M,3
product,1002,EC-2,Belt,19.00,0,false,https://x.example/c.jpg,,Accessories,,,
"""
SHOPWARE = """\
id;parent_id;product_number;active;stock;name;price_net;price_gross;tax_rate;cover_media_url;categories
a2;a1;SW1.1;1;0;;;;;;
a1;;SW1;1;0;Gürtel;33.57;39.95;19;https://x.example/a.jpg;Accessoires
a3;a1;SW1.2;1;3;;;;;;
b1;;SW2;0;0;Hut;16.76;19.95;19;https://x.example/b.jpg;Accessoires
"""
OPENCART = """\
product_id,name(en-gb),categories,sku,quantity,model,manufacturer,image_name,price,points,status,description(en-gb)
42,Screen,Desks,,990,Product15,Apple,https://x.example/a.jpg,100.0000,400,true,&lt;p&gt;Big&lt;/p&gt;
30,Camera,Cameras,CAM,0,Product3,Canon,https://x.example/b.jpg,100.0000,200,false,
"""
AMAZON = """\
TemplateType=fptcustom\tVersion=2023.1\tThe top 3 rows are for Amazon.com use only.\t\t\t\t\t\t
Product Type\tSeller SKU\tProduct Name\tMain Image URL\tOther Image URL1\tStandard Price\tQuantity\tParent SKU\tSize
feed_product_type\titem_sku\titem_name\tmain_image_url\tother_image_url1\tstandard_price\tquantity\tparent_sku\tsize_name
shoes\tAM-1\tTrainer\thttps://x.example/a.jpg\thttps://x.example/b.jpg\t\t\t\t
shoes\tAM-1-40\tTrainer 40\thttps://x.example/a.jpg\t\t59.99\t3\tAM-1\t40
shoes\tAM-1-41\tTrainer 41\thttps://x.example/a.jpg\t\t59.99\t0\tAM-1\t41
"""
EBAY = """\
Info,Version=1.0.0,Template=fx_category_template_EBAY_US,,,,,,
*Action(SiteID=US|Country=US|Currency=USD|Version=1193),Custom label (SKU),Store category,*Title,Relationship,\
RelationshipDetails,PicURL,*Description,*StartPrice,*Quantity
Add,EB-1,Tees,Vintage tee,,Size=S;M,https://x.example/a.jpg|https://x.example/b.jpg,<b>Cotton</b>,12.50,5
,EB-1-S,,,Variation,Size=S,,,12.50,2
,EB-1-M,,,Variation,Size=M,,,12.50,3
Add,EB-2,Mugs,Mug,,,https://x.example/c.jpg,Blue,8.00,0
"""
LIGHTSPEED = """\
Internal_ID;Visible;Brand;US_Title_Short;US_Category_1;Price;Price_Cost;Article_Code;Stock_Level;Images
1;Y;Acme;Red shoe;Shoes;79,95;30,00;LS-1;5;https://x.example/a.jpg,https://x.example/b.jpg
2;N;Acme;Blue shoe;Shoes;59,95;20,00;LS-2;0;https://x.example/c.jpg
"""
# SKU, title, category, price, in stock, hidden, images
EXPECTED = {
    "BigCommerce's export": (
        BIGCOMMERCE,
        [("TOWEL", "Fog towel", "Shop > Bath", "49.00", True, False, ["t"]),
         ("ORB", "Orb", "Garden", "109.00", True, True, ["o"])],
        {"Product ID": "77, 120, 121", "Brand Name": "Fog", "Product Description": "Soft & light",
         "Variant SKU": "TOWEL-BL, TOWEL-RD"},
    ),
    "Ecwid's export": (
        ECWID,
        [("EC-1", "Linen dress", "Women > Dresses", "59.00", True, False, ["a", "b"]),
         ("EC-2", "Belt", "Accessories", "19.00", False, True, ["c"])],
        {"Variant SKU": "EC-1-S, EC-1-M", "Size": "S, M"},
    ),
    "Shopware's export": (
        SHOPWARE,
        [("SW1", "Gürtel", "Accessoires", "39.95", True, False, ["a"]),
         ("SW2", "Hut", "Accessoires", "19.95", False, True, ["b"])],
        {"Variant SKU": "SW1.1, SW1.2"},
    ),
    "OpenCart's export": (
        OPENCART,
        [("Product15", "Screen", "Desks", "100.00", True, False, ["a"]),
         ("CAM", "Camera", "Cameras", "100.00", False, True, ["b"])],
        {"product_id": "42", "model": "Product15", "manufacturer": "Apple", "description(en-gb)": "Big"},
    ),
    "Amazon's template": (
        AMAZON,
        [("AM-1", "Trainer", "shoes", "59.99", True, None, ["a", "b"])],
        {"size_name": "40, 41", "Variant SKU": "AM-1-40, AM-1-41"},
    ),
    "eBay's file": (
        EBAY,
        [("EB-1", "Vintage tee", "Tees", "12.50", True, None, ["a", "b"]),
         ("EB-2", "Mug", "Mugs", "8.00", False, None, ["c"])],
        {"Description": "Cotton", "Variant SKU": "EB-1-S, EB-1-M"},
    ),
    "": (
        LIGHTSPEED,
        [("LS-1", "Red shoe", "Shoes", "79.95", True, False, ["a", "b"]),
         ("LS-2", "Blue shoe", "Shoes", "59.95", False, True, ["c"])],
        {"Internal_ID": "1", "Brand": "Acme"},
    ),
}  # fmt: skip


def rows_of(file: Path) -> Iterator[Row | Problem]:
    with open_source(file, None) as rows:
        yield from rows
        assert [note for note in rows.notes if "was read as" in note] == [
            f"{file.name} was read as {name}" for name in EXPECTED if name and name.split("'")[0] in file.stem
        ]


@pytest.mark.parametrize("name", EXPECTED)
def test_an_export_has_its_products_with_their_variants(tmp_path, name):
    text, products, attributes = EXPECTED[name]
    file = tmp_path / f"{name.split(chr(39))[0] or 'any'}.csv"
    file.write_text(text)

    rows = list(rows_of(file))

    assert [
        (
            *(row.sku, row.title, row.category, row.price, row.in_stock, row.is_hidden),
            [url.removeprefix("https://x.example/").removesuffix(".jpg") for url in row.images],
        )
        for row in rows
    ] == products
    assert {name: text for name, text in rows[0].attributes.items() if text} == attributes


SEGMENT = """\
id,anonymous_id,user_id,event,product_id,original_timestamp,received_at
m1,an1,u1,product_viewed,A-1,2026-01-02 10:00:00.123 UTC,2026-01-02 10:00:01 UTC
m2,an2,,product_added,B-1,2026-01-02 11:00:00 UTC,2026-01-02 11:00:01 UTC
"""
KLAVIYO = """\
Event ID,Metric Name,Profile Email,Profile ID,Timestamp,SKU,Value
e1,Viewed Product,ada@x.example,01H,2026-01-02T10:00:00+00:00,A-1,
e2,Ordered Product,ada@x.example,01H,2026-01-02T10:05:00+00:00,A-1,49
"""


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (SEGMENT, [("u1", "A-1", "product_viewed", "m1"), ("", "B-1", "product_added", "m2")]),
        (
            KLAVIYO,
            [
                ("ada@x.example", "A-1", "Viewed Product", "e1"),
                ("ada@x.example", "A-1", "Ordered Product", "e2"),
            ],
        ),
    ],
)
def test_events_of_programs_have_their_columns(tmp_path, text, events):
    (tmp_path / "events.csv").write_text(text)

    found = [fields for _, fields in Events(tmp_path / "events.csv")]

    assert [tuple(fields[name] for name in ("user", "sku", "kind", "id")) for fields in found] == events
    assert {fields["timestamp"][:10] for fields in found} == {"2026-01-02"}
