import pytest

from catalog.importers.columns import EVENTS, PRODUCTS, currency_in, find_columns, find_further_images
from catalog.importers.layouts import layout_of, plain


def test_our_own_names_go_before_others():
    assert find_columns(["SKU", "id", "name", "Title", "category", "type", "price", "image"], PRODUCTS) == {
        "sku": "SKU", "title": "Title", "category": "category", "price": "price", "image": "image",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "name", "sku", "image"),
    [
        (
            "Handle,Title,Body (HTML),Type,Variant SKU,Variant Price,Image Src",
            "Shopify's export",
            "Handle",
            "Image Src",
        ),
        ("ID,Type,SKU,Name,In stock?,Regular price,Categories,Images", "WooCommerce's export", "SKU", "Images"),
        (
            "id,title,link,image_link,availability,price,google_product_category",
            "a Google Merchant feed",
            "id",
            "image_link",
        ),
    ],
)
def test_exports_of_other_programs_are_known(columns, name, sku, image):
    names = columns.split(",")
    found = find_columns(names, PRODUCTS)

    assert layout_of(names).name == name
    assert (found["sku"], found["image"]) == (sku, image)
    assert {"title", "category", "price"} <= found.keys()


@pytest.mark.parametrize(
    "columns",
    [
        "sku,Name,Category,Price (EUR),Image",
        "Reference;Name;Category;Price (tax excl.);Image".replace(";", ","),
        "Art.-Nr.,Bezeichnung,Warengruppe,VK-Preis,Bild",
        "Reference,Name,Category,Price tax included,Image",
        "Produkt-Nr.,Bezeichnung,Kategorie,Preis,Bild1",
        "SKU,Name,Category,Price,Picture URL",
    ],
)
def test_plain_tables_are_read_by_what_people_call_their_columns(columns):
    assert find_columns(columns.split(","), PRODUCTS).keys() == {"sku", "title", "category", "price", "image"}


def test_names_whose_words_begin_with_capitals():
    columns = ["productId", "productName", "productType", "unitPrice", "imageLink", "additionalImageLinks"]

    found = find_columns(columns, PRODUCTS)

    assert found == dict(zip(["sku", "title", "category", "price", "image"], columns[:5], strict=True))
    assert find_further_images(columns, found.values()) == ["additionalImageLinks"]


@pytest.mark.parametrize(
    "columns",
    [
        "User,SKU,Kind,Timestamp",
        "visitorid,itemid,event,timestamp",
        "user_id,product_id,event_type,event_time",
        "userId,productId,eventType,eventTime",
    ],
)
def test_columns_of_events(columns):
    assert list(find_columns(columns.split(","), EVENTS).values()) == columns.split(",")


def test_a_unit_in_the_name_of_a_column():
    assert (plain("Price (EUR)"), currency_in("Price (EUR)"), currency_in("Price (net)")) == ("price", "EUR", None)
