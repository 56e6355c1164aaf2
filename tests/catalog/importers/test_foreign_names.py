import pytest

from catalog.importers import columns, foreign_names
from catalog.importers.columns import EVENTS, PRODUCTS, find_columns
from catalog.importers.layouts import plain


@pytest.mark.parametrize(
    "header",
    [
        "Artikelnummer;Bezeichnung;Warengruppe;VK-Preis brutto;Bild;Lagerbestand",
        "Référence;Désignation;Catégorie;Prix TTC;Photo;Quantité",
        "Código;Nombre;Categoría;Precio de venta;Imagen;Existencias",
        "Артикул;Наименование;Категория;Цена;Изображение;Наличие",
        "Stok Kodu;ÜRÜN ADI;Kategori;Satış Fiyatı;Resim;Stok",
        "Kod produktu;Nazwa;Kategoria;Cena brutto;Zdjęcie;Dostępność",
        "商品コード;商品名;カテゴリ;価格;画像;在庫数",
        "商品编码;商品名称;分类;价格;图片;库存",
    ],
)
def test_columns_are_known_in_the_languages_of_shops(header):
    assert find_columns(header.split(";"), PRODUCTS).keys() == {
        "sku",
        "title",
        "category",
        "price",
        "image",
        "in_stock",
    }


def test_columns_of_events_are_known_too():
    assert find_columns(["Kundennummer", "Artikelnr", "Bestelldatum", "Bestellnummer"], EVENTS) == {
        "user": "Kundennummer", "sku": "Artikelnr", "timestamp": "Bestelldatum", "id": "Bestellnummer",
    }  # fmt: skip


def test_each_name_is_as_columns_are_compared():
    for names in (*foreign_names.PRODUCTS.values(), *foreign_names.EVENTS.values()):
        assert all(plain(name) == name for name in names)
    assert foreign_names.PRODUCTS.keys() <= columns.PRODUCTS.keys() and foreign_names.EVENTS.keys() <= EVENTS.keys()
