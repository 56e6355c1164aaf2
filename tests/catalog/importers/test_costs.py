import pytest

from catalog.importers.detect import open_source
from catalog.importers.layouts import has_costs
from tests.catalog.importers.builders import jpegs, write_folder

COSTS = """EK netto;Unit cost;COGS;Prix d'achat;buying price;dealer price;Händlerpreis;Händler-EK;Marge;vendor price;
wholesale price;prix de revient;costo;coste;precio de compra;inkoopprijs;cena zakupu;net cost;landed cost;Bruttomarge;
margin %;Cost per item;cost_price;unitCost;Einkaufspreis (EUR);EK;Coût unitaire HT;Cost USD;закупочная цена;仕入価格;
attribute cost;Purchase price excl. VAT;Gross margin;Preço de custo;costprice;Alış fiyatı"""
OTHERS = [
    "price", "net price", "Netto", "list price", "compare at price", "Verkaufspreis", "supplier", "Costume",
    "EK-Nummer", "shipping cost", "ek resim", "Material", "unit", "margins of the page", "", "price per unit",
    "retail price",
]  # fmt: skip


@pytest.mark.parametrize("column", COSTS.replace("\n", "").split(";"))
def test_what_a_product_costs_the_shop_is_known_by_the_name_of_its_column(column):
    assert has_costs(column)


@pytest.mark.parametrize("column", OTHERS)
def test_other_columns_have_no_costs(column):
    assert not has_costs(column)


def test_costs_are_left_out_of_attributes_with_a_note(tmp_path):
    text = (
        "sku;title;category;price;image;EK netto;Colour;Attribute 1 name;Attribute 1 value\n"
        "A;A;Shoes;5;1.jpg;2;red;Cost;2"
    )
    write_folder(tmp_path, {"t.csv": text} | jpegs(["1.jpg"]))

    with open_source(tmp_path / "t.csv") as table:
        [row] = table
        assert row.attributes == {"Colour": "red"}
        assert ("EK netto", "left out") in table.mapping
        assert "columns of what products cost the shop were left out: EK netto" in table.notes
