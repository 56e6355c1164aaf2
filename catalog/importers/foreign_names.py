"""Columns as programs and people call them in languages besides English, by what the shop takes them for."""

from collections.abc import Mapping

from catalog.importers.layouts import plain

# German, French, Spanish, Italian, Portuguese, Dutch, the Nordic languages, Polish, Czech, Hungarian, Romanian, Greek,
# Russian, Ukrainian, Turkish, Hebrew, Arabic, Japanese, Chinese, Korean. Names with commas between; the surest first.
_PRODUCTS = {
    "sku": """
        artikelnr, artikel nummer, sku nr, bestellnummer, produkt nr, produktnummer,
        code article, code produit, référence article, réf, ref,
        código de producto, código producto, referencia producto, codice articolo, codice prodotto, código do produto,
        referência, artikelcode, productcode, varenummer, varenr, tuotekoodi, tuotenumero, kod produktu, indeks,
        numer katalogowy, nr katalogowy, kód zboží, kód produktu, katalogové číslo, kód, cikkszám, cod produs,
        κωδικός προϊόντος, κωδικός, артикул, код товара, код товару, код, stok kodu, ürün kodu, מק"ט, מקט, رمز المنتج,
        商品コード, 商品番号, 品番, 型番, 商品编码, 商品编号, 产品编号, 货号, 상품코드, 상품번호, 품번, kod""",
    "title": """
        produktbezeichnung, produkttitel, artikeltitel, artikel, désignation, libellé, intitulé, nom produit,
        nom de l'article, nombre del producto, nombre producto, denominación, nome prodotto, denominazione,
        nome do produto, productnaam, artikelnaam, produktnamn, benämning, namn, produktnavn, varenavn, navn, tuotenimi,
        nimi, nazwa produktu, nazwa towaru, nazwa, název produktu, název, terméknév, termék neve, megnevezés,
        nume produs, denumire, nume, όνομα προϊόντος, ονομασία, τίτλος, όνομα, наименование товара, название товара,
        наименование, название, назва товару, найменування, назва, ürün adı, ürün ismi, שם המוצר, שם, اسم المنتج,
        商品名, 品名, 商品名称, 商品标题, 产品名称, 标题, 名称, 상품명, 제품명, produto""",
    "category": """
        produktkategorie, artikelgruppe, produktgruppe, rubrik, type de produit, rayon, famille, categoría de producto,
        familia, categoria prodotto, reparto, categoria do produto, productgroep, produktgrupp, kategori, kategoriler,
        tuoteryhmä, kategoria, kategória, κατηγορία, категория товара, категория, категории, раздел, категорія, קטגוריה,
        الفئة, カテゴリ, カテゴリー, 分類, 商品分类, 分类, 类目, 类别, 카테고리, 분류""",
    "price": """
        vk preis brutto, vk brutto, preis brutto, preis inkl mwst, preis in eur, preis eur, endpreis, ladenpreis,
        einzelpreis, stückpreis, prix de vente ttc, prix de vente, prix unitaire, tarif, precio de venta, precio venta,
        precio con iva, precio unitario, pvp, prezzo di vendita, prezzo ivato, prezzo iva inclusa, prezzo al pubblico,
        prezzo unitario, preço de venda, preço com iva, preço unitário, verkoopprijs, prijs incl btw, pris inkl moms,
        pris inkl mva, försäljningspris, salgspris, pris, myyntihinta, hinta, cena brutto, cena sprzedaży,
        cena detaliczna, cena s dph, cena, bruttó ár, eladási ár, ár, preț cu tva, preț, pret, τιμή, розничная цена,
        цена продажи, цена руб, цена, стоимость, ціна, satış fiyatı, kdv dahil fiyat, fiyat, fiyatı, מחיר, السعر,
        税込価格, 販売価格, 価格, 売価, 单价, 售价, 销售价, 价格, 판매가격, 판매가, 가격""",
    "image": """
        produktbild, artikelbild, hauptbild, bilddatei, bildname, bildpfad, bildlink, bild1, foto 1, foto1,
        image principale, photo
        principale, url image, url photo, visuel, imagen principal, url imagen, immagine principale, url
        immagine, imagem principal, url da imagem, imagens, afbeelding 1, afbeeldingen, billede, bilde, kuva,
        zdjęcie główne, zdjęcie, zdjęcia, link do zdjęcia, obrazek, obrázek, obrázky, fotka, kép, képek,
        imagine, imagini, εικόνα, εικόνες, ссылка на изображение, изображение, изображения, картинка,
        фотография, фото, зображення, resim, resim 1, resimler, görsel, görsel 1, fotoğraf, תמונה, الصورة,
        商品画像url, 画像url, 商品画像, 画像, 画像1, 商品图片, 图片链接, 主图, 图片, 대표이미지, 상품이미지, 이미지""",
    "currency": """
        waluta, měna, pénznem, monedă, moeda, νόμισμα, валюта, para birimi, מטבע, العملة, 通貨, 货币, 币种, 통화""",
    "in_stock": """
        lagermenge, lager, stückzahl, auf lager, lieferbar, verfügbar, en stock, qté, quantité, cantidad, disponible,
        giacenza, disponibile, quantità, scorte, quantidade, em estoque, aantal, lagersaldo, lagerbeholdning,
        lagerstatus, varastosaldo, varasto, stan magazynowy, dostępność, ilość, na stanie, skladem, dostupnost,
        množství, készlet, stoc, απόθεμα, διαθεσιμότητα, наличие, в наличии, остаток, остатки, количество, наявність,
        кількість, stok adedi, stok miktarı, stok, adet, מלאי, المخزون, 在庫数, 在庫数量, 在庫,
        库存数量, 库存, 재고수량, 재고""",
    "url": "produktlink, lien produit, enlace, adres url, ссылка на товар, ссылка, ürün linki, 商品url, 商品链接",
}
_EVENTS = {
    "user": """
        kundennummer, kunden nr, kunde, benutzer, id client, client, numéro client, cliente, id cliente, usuario,
        utente, klant, klantnummer, kund, kunde id, klient, zákazník, id klienta, покупатель, клиент, пользователь,
        müşteri, kullanıcı, 顧客id, 会員id, 用户id, 用户, 고객id""",
    "sku": """
        artikelnr, artikel nr, artikelcode, référence, code article, referencia, código, codice articolo, артикул,
        код товара, stok kodu, ürün kodu, kod produktu, kód produktu, 商品コード, 商品番号, 商品编号, 상품코드""",
    "kind": "aktion, ereignis, événement, acción, evento, azione, zdarzenie, действие, событие, işlem, 行動",
    "timestamp": """
        zeitstempel, zeitpunkt, zeit, datum, bestelldatum, kaufdatum, horodatage, date de commande, date d'achat, fecha,
        fecha de compra, fecha pedido, data, data ordine, data do pedido, orderdatum, orderdato, data zamówienia, дата,
        дата заказа, время, tarih, sipariş tarihi, 日時, 注文日, 日付, 时间, 日期, 날짜""",
    "id": """
        auftragsnummer, bestellnummer, bestellnr, numéro de commande, n° commande, número de pedido, pedido,
        numero ordine, bestelnummer, ordernummer, numer zamówienia, номер заказа, sipariş no, 注文番号, 订单号""",
}


def names_of(text: str) -> tuple[str, ...]:
    """Return names with commas between, as `plain` returns them."""
    return tuple(dict.fromkeys(filter(None, map(plain, text.split(",")))))


PRODUCTS: Mapping[str, tuple[str, ...]] = {ours: names_of(text) for ours, text in _PRODUCTS.items()}
EVENTS: Mapping[str, tuple[str, ...]] = {ours: names_of(text) for ours, text in _EVENTS.items()}
