"""Imports of exports as the programs themselves write them, and the products that must come of them."""

import pytest

from catalog.importers import import_products
from catalog.importers.detect import open_source
from catalog.importers.layouts import LAYOUTS, by_plain_name, layout_of, plain
from catalog.models import Product
from tests.catalog.importers.builders import jpegs, write_folder

SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option1 Linked To,\
Variant SKU,Variant Inventory Qty,Variant Price,Image Src,Image Position,Status
red,Red trainer,<p>Nice</p>,Acme,Apparel > Shoes,,"red, shoe",TRUE,Size,40,,R-40,0,19.95,1.jpg,1,active
red,,,,,,,,,41,,R-41,2,19.95,2.jpg,2,
red,,,,,,,,,,,,,,3.jpg,3,
old,Old trainer,,Acme,Apparel > Shoes,Trainers,,TRUE,Title,Default Title,,O-1,1,5,1.jpg,1,draft
"""
SHOPIFY_NEW = """\
Title,URL handle,Description,Vendor,Product category,Type,Published on online store,Status,SKU,\
Option1 name,Option1 value,Price,Inventory quantity,Product image URL,Image position
Red trainer,red,<p>Nice</p>,Acme,Apparel > Shoes,,TRUE,Active,R-40,Size,40,19.95,0,1.jpg,1
,red,,,,,,,R-41,,41,19.95,2,2.jpg,2
,red,,,,,,,,,,,,3.jpg,3
Old trainer,old,,Acme,Apparel > Shoes,Trainers,TRUE,Draft,O-1,Title,Default Title,5,1,1.jpg,1
"""
WOOCOMMERCE = """\
ID,Type,SKU,Name,Published,"In stock?",Stock,"Sale price","Regular price",Categories,Images,Parent,"Attribute 1 name",\
"Attribute 1 value(s)","Attribute 1 visible","Attribute 1 global"
10,variable,red,Red trainer,1,1,,,,"Apparel, Apparel > Shoes, Sale","1.jpg, 2.jpg",,Size,"40, 41",1,1
11,simple,old,Old trainer,-1,1,3,,5,Trainers,1.jpg,,,,,
12,variation,R-40,Red trainer - 40,1,0,0,,19.95,,3.jpg,red,Size,40,,1
13,variation,R-41,Red trainer - 41,1,1,2,,19.95,,,id:10,Size,41,,1
"""
MAGENTO = """\
sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,product_online,visibility,price,\
base_image,base_image_label,small_image,additional_attributes,qty,is_in_stock,use_config_min_qty,additional_images,\
configurable_variations
R-40,,Shoes,simple,Default Category/Shoes,base,Red trainer-40,1,Not Visible Individually,19.95,/m/3.jpg,,/m/3.jpg,\
"size=40",0,0,1,,
R-41,,Shoes,simple,Default Category/Shoes,base,Red trainer-41,1,Not Visible Individually,19.95,/m/3.jpg,,/m/3.jpg,\
"size=41",2,1,1,,
red,,Shoes,configurable,"Default Category/Apparel,Default Category/Apparel/Shoes",base,Red trainer,1,\
"Catalog, Search",,/m/1.jpg,,/m/1.jpg,\
"material=Cotton|Wool,climate=warm, mild",0,1,1,/m/2.jpg,"sku=R-40,size=40|sku=R-41,size=41"
red,de,Shoes,configurable,,,Roter Turnschuh,,,,,,,,,,,,
old,,Shoes,simple,Default Category/Trainers,base,Old trainer,2,"Catalog, Search",5,/m/1.jpg,,/m/1.jpg,,1,1,1,,
"""
PRESTASHOP = """\
Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Price tax included;Reference #;Quantity;\
Image URLs (x,y,z...);Image alt texts (x,y,z...);Feature(Name:Value:Position)
1;1;Red trainer;Home,Apparel > Shoes;16.76;19,95;red;2;1.jpg,2.jpg,3.jpg;a,b;Size:40:0,Material:Cotton:1
2;0;Old trainer;Trainers;4;5;old;1;1.jpg;;
"""
PRESTASHOP_LIST = """\
"Product ID";"Image";"Name";"Reference";"Category";"Price (tax excl.)";"Price (tax incl.)";"Quantity";"Status";\
"Position"
"1";"1.jpg";"Red trainer";"red";"Apparel > Shoes";"16.76";"€19.95";"2";"1";"0"
"2";"1.jpg";"Old trainer";"";"Trainers";"€4.00";"€5.00";"1";"0";"1"
"""
PRESTASHOP_FORMER = """\
ID;Active (0/1);Name *;Categories (x,y,z...);Price tax included;Reference #;Quantity;Image URLs (x,y,z...);Feature
1;1;Red trainer;Accueil,Shoes;19,95;red;2;1.jpg,2.jpg,3.jpg;Size:40:0,Material:Cotton:1
2;0;Old trainer;Trainers;5;old;1;1.jpg;
"""
WIX = """\
handleId,fieldType,name,description,productImageUrl,collection,sku,price,visible,inventory,productOptionName1,\
productOptionDescription1
red,Product,Red trainer,<p>x</p>,1.jpg;2.jpg;3.jpg,Shoes;Sale,,19.95,true,InStock,Size,40;41
red,Variant,,,,,R-40,,true,0,,40
red,Variant,,,,,R-41,,true,2,,41
old,Product,Old trainer,,1.jpg,Trainers,O-1,5,false,OutOfStock,,
"""
BIGCOMMERCE = """\
Item Type,Product ID,Product Name,Product Code/SKU,Brand Name,Price,Cost Price,Product Visible?,Track Inventory,\
Current Stock Level,Category,Product Image File - 1,Product Image Sort - 1,Product Image File - 2,Product Image File - 3
Product,7,Red trainer,red,Acme,19.95,4,Y,none,0,Shop/Shoes;Shoes,1.jpg,0,2.jpg,3.jpg
Product,8,Old trainer,old,Acme,5,1,N,by product,0,Trainers,1.jpg,0,,
"""
SQUARESPACE = """\
Product ID [Non Editable],Variant ID [Non Editable],Product Type [Non Editable],Product Page,Product URL,Title,\
Description,SKU,GTIN,MPN,Option Name 1,Option Value 1,Option Name 2,Option Value 2,Price,Sale Price,On Sale,Stock,\
Categories,Tags,Weight,Length,Width,Height,Visible,Hosted Image URLs
5f3a,9a01,PHYSICAL,shop,red,Red trainer,<p>Nice</p>,R-40,,,Size,40,Colour,red,19.95,15.00,No,0,\
"/shoes, /sale",new,0.5,0,0,0,Yes,"1.jpg\n2.jpg"
,9a02,,,,,,R-41,,,Size,41,Colour,red,19.95,15.00,No,2,,,0.5,0,0,0,,3.jpg
,9a03,,,,,,R-42,,,Size,42,Colour,red,21.95,15.00,No,Unlimited,,,0.5,0,0,0,,
5f3b,9b01,PHYSICAL,trainers,old,Old trainer,,O-1,,,,,,,5.00,0.00,No,Unlimited,,,0.5,0,0,0,No,1.jpg
"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "name", "attributes", "images", "old"),
    [
        (SHOPIFY, "Shopify's export", {"Size": "40, 41", "Vendor": "Acme"}, 3, "old"),
        (SHOPIFY_NEW, "Shopify's export", {"Size": "40, 41", "Variant SKU": "R-40, R-41"}, 3, "old"),
        (WOOCOMMERCE, "WooCommerce's export", {"Size": "40, 41", "ID": "10"}, 3, "old"),
        (
            MAGENTO,
            "Magento's export",
            {"size": "40, 41", "material": "Cotton, Wool", "climate": "warm, mild"},
            3,
            "old",
        ),
        (PRESTASHOP, "PrestaShop's export", {"Size": "40", "Material": "Cotton", "Product ID": "1"}, 3, "old"),
        (PRESTASHOP_FORMER, "PrestaShop's export", {"Size": "40", "Material": "Cotton", "ID": "1"}, 3, "old"),
        (PRESTASHOP_LIST, "PrestaShop's export", {}, 1, "2"),
        (WIX, "Wix's export", {"Variant SKU": "R-40, R-41", "Size": "40, 41"}, 3, "old"),
        (BIGCOMMERCE, "BigCommerce's export", {"Product ID": "7", "Brand Name": "Acme"}, 3, "old"),
        (
            SQUARESPACE,
            "Squarespace's export",
            {"Size": "40, 41, 42", "Colour": "red", "Variant SKU": "R-40, R-41, R-42"},
            3,
            "old",
        ),
    ],
)
def test_an_export_becomes_products_with_their_variants(tmp_path, text, name, attributes, images, old):
    write_folder(tmp_path, {"export.csv": text} | jpegs(["1.jpg", "2.jpg", "3.jpg", "m/1.jpg", "m/2.jpg", "m/3.jpg"]))

    report = import_products(tmp_path / "export.csv")
    again = import_products(tmp_path / "export.csv")

    assert str(report) == "2 created, 0 updated, 0 unchanged, 0 failed"
    assert str(again) == "0 created, 0 updated, 2 unchanged, 0 failed"
    assert f"export.csv was read as {name}" in report.notes
    assert "1 product is hidden, as it is not shown there" in report.notes
    red, hidden = Product.objects.order_by("price").reverse()
    assert (red.sku, red.title, str(red.price), red.in_stock, red.is_hidden) == (
        "red",
        "Red trainer",
        "19.95",
        True,
        False,
    )
    assert red.category.name in ("Apparel > Shoes", "Shop > Shoes", "Shoes", "shoes")
    assert attributes.items() <= red.attributes.items()
    assert not {
        name for name in red.attributes if plain(name).startswith(("option", "attribute 1", "small", "additional"))
    }
    assert red.images.count() == images
    assert (hidden.sku, hidden.is_hidden, hidden.category.name) == (
        *(old, True),
        "trainers" if name.startswith("Squarespace") else "Trainers",
    )


UNCOUNTED = """\
Handle,Title,Type,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,\
Image Src
untracked,A,Shoes,A-1,,0,deny,5,1.jpg
oversold,B,Shoes,B-1,shopify,0,continue,5,1.jpg
gone,C,Shoes,C-1,shopify,0,deny,5,1.jpg
gone,,,,,,,,2.jpg
"""
ESCAPED = """\
ID,SKU,Name,Published,"Visibility in catalog",Description,"In stock?","Regular price",Categories,Images,Parent
1,A,A,1,visible,"<b>One</b>\\nTwo, C:\\\\new",1,5,Shoes,1.jpg,
2,B,B,1,hidden,,1,5,Shoes,1.jpg,
"""


@pytest.mark.django_db
def test_what_shopify_sells_without_counting_it_is_in_stock(tmp_path):
    write_folder(tmp_path, {"export.csv": UNCOUNTED} | jpegs(["1.jpg", "2.jpg"]))

    assert import_products(tmp_path / "export.csv").created == 3

    assert dict(Product.objects.values_list("sku", "in_stock")) == {"untracked": True, "oversold": True, "gone": False}


@pytest.mark.django_db
def test_woocommerce_s_ends_of_lines_hidden_products_and_parents(tmp_path):
    write_folder(tmp_path, {"export.csv": ESCAPED} | jpegs(["1.jpg"]))

    assert import_products(tmp_path / "export.csv").created == 2

    assert dict(Product.objects.values_list("sku", "is_hidden")) == {"A": False, "B": True}
    assert Product.objects.get(sku="A").attributes == {"ID": "1", "Description": "One Two, C:\\\\new"}


def test_costs_are_left_out_and_products_that_are_not_shown_hidden_in_any_table(tmp_path):
    text = (
        "sku,title,category,price,image,Cost price,Margin,Active\nA,A,Shoes,5,1.jpg,2,3,no\nB,B,Shoes,5,1.jpg,2,3,1\n"
    )
    write_folder(tmp_path, {"t.csv": text} | jpegs(["1.jpg"]))

    with open_source(tmp_path / "t.csv") as table:
        assert [(row.is_hidden, row.attributes) for row in table] == [(True, {}), (False, {})]
        assert table.mapping[-3:] == [("Cost price", "left out"), ("Margin", "left out"), ("Active", "visible")]


def test_a_column_is_known_without_and_with_what_is_in_brackets():
    assert by_plain_name(["Price (tax excl.)", "Price (tax incl.)"]) == {
        "price": "Price (tax excl.)",
        "price tax excl": "Price (tax excl.)",
        "price tax incl": "Price (tax incl.)",
    }
    assert layout_of(["Handle", "variant_price"]) is LAYOUTS[0]
    assert layout_of(["sku", "title"]) is None
    assert by_plain_name(["", "()", "SKU"]) == {"sku": "SKU"}
