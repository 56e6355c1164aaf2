"""Columns of what a product costs the shop, in the languages of shops: no shopper is told."""

import unicodedata

from catalog.currencies import CURRENCIES

# As people call them, with commas between, without what BESIDE has. A space may be missing.
_NAMES = """
    cost, costs, cost price, cost of goods, cost of goods sold, cogs, landed cost, landed price, price paid,
    purchase price, purchase cost, purchasing price, purchasing cost, buying price, buying cost, buy price,
    supply price, supply cost, price cost,
    wholesale, wholesale price, wholesale cost, supplier price, supplier cost, vendor price, vendor cost,
    dealer price, dealer cost, reseller price, distributor price, trade price, factory price, factory cost,
    invoice cost, production cost, manufacturing cost, inventory cost, replacement cost, margin, gross margin, profit,
    profit margin, markup, mark up, contribution margin,
    ek, ek preis, einkauf, einkaufspreis, einkaufspreise, händlerpreis, händler ek, händler einkaufspreis,
    händlereinkaufspreis, einstandspreis, einstand, bezugspreis, lieferantenpreis, großhandelspreis, grosshandelspreis,
    wareneinsatz, selbstkosten, selbstkostenpreis, herstellkosten, herstellungskosten, marge, bruttomarge, nettomarge,
    handelsspanne, spanne, rohertrag, rohgewinn, deckungsbeitrag, aufschlag,
    prix d achat, prix achat, pa ht, prix de revient, prix de gros, prix grossiste, prix fournisseur, prix revendeur,
    coût, coûts, coût d achat, coût de revient, coût de production, taux de marge, marge brute, marge nette,
    costo, costos, coste, costes, precio de compra, precio compra, precio de costo, precio de coste, precio costo,
    precio coste, precio mayorista, precio al por mayor, precio proveedor, costo de compra, coste de compra, margen,
    margen bruto, margen de beneficio,
    costi, prezzo d acquisto, prezzo di acquisto, prezzo acquisto, costo d acquisto, costo di acquisto,
    prezzo all ingrosso, prezzo ingrosso, prezzo di costo, prezzo fornitore, margine, margine lordo, ricarico,
    custo, custos, preço de custo, preço custo, preço de compra, preço compra, preço de atacado, margem, margem bruta,
    inkoop, inkoopprijs, inkoopsprijs, kostprijs, kosten, groothandelsprijs, dealerprijs, leveranciersprijs, brutomarge,
    winstmarge,
    inköpspris, självkostnad, marginal, bruttomarginal, indkøbspris, kostpris, innkjøpspris, avance,
    dækningsgrad, ostohinta, sisäänostohinta, kate, katteprosent,
    cena zakupu, cena hurtowa, koszt, koszt zakupu, koszt własny, marża, marza, narzut, nákupní cena, nákupná cena,
    nákupka, velkoobchodní cena, marže, beszerzési ár, bekerülési ár, nagyker ár, árrés, preț de achiziție,
    preț achiziție, cost de achiziție, marjă, adaos comercial, τιμή αγοράς, κόστος, χονδρική τιμή,
    закупочная цена, цена закупки, закупка, оптовая цена, себестоимость, маржа, наценка, закупівельна ціна,
    ціна закупівлі, собівартість, оптова ціна, націнка, alış fiyatı, alis fiyati, maliyet, maliyet fiyatı, toptan fiyat,
    kar marjı, מחיר עלות, עלות, سعر التكلفة, التكلفة, سعر الشراء,
    仕入価格, 仕入れ価格, 仕入値, 仕入れ値, 仕入単価, 原価, 卸価格, 卸値, 粗利, 粗利率, 进价, 进货价, 采购价, 成本,
    成本价, 批发价, 毛利, 毛利率, 원가, 매입가, 매입가격, 도매가, 공급가, 마진, 마진율
"""
# Words beside them: of what, with which taxes, in which currency and unit.
BESIDE = {
    "net", "gross", "netto", "brutto", "nettó", "bruttó", "ht", "ttc", "hors", "taxe", "taxes", "excl", "incl", "ex",
    "inc", "excluding", "including", "exkl", "inkl", "zzgl", "tax", "vat", "mwst", "ust", "btw", "iva", "moms", "tva",
    "per", "pro", "par", "por", "each", "unit", "units", "unitaire", "unitario", "unitária", "unitário", "jednostkowy",
    "item", "piece", "pc", "stück", "product", "products", "variant", "article", "artikel", "average", "avg", "mean",
    "standard", "default", "total", "last", "latest", "current", "base", "our", "shop", "percent", "percentage", "pct",
    "prozent", "rate", "in", "amount", "value", "attribute", "attributes", "custom", "meta",
}  # fmt: skip


def folded(text: str) -> str:
    """Return a text without the marks on its letters and without spaces."""
    letters = unicodedata.normalize("NFKD", text).replace("ı", "i")
    return "".join(letter for letter in letters if not (unicodedata.combining(letter) or letter.isspace()))


NAMES = frozenset(folded(name) for name in _NAMES.split(","))
BESIDE_FOLDED = {folded(word) for word in BESIDE} | {code.lower() for code in CURRENCIES}


def is_cost(name: str) -> bool:
    """Return whether a column, as `plain` returns its name, has what a product costs the shop, or earns it."""
    words = map(folded, name.split())
    return folded(name) in NAMES or "".join(word for word in words if word not in BESIDE_FOLDED) in NAMES
