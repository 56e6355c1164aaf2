import pytest

from catalog.errors import BadRow, ImportFailed
from catalog.importers import import_interactions, import_products
from catalog.importers.offers import Categories, Groups, row_of
from catalog.models import ImageDownload, Interaction, Product

YML = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE yml_catalog SYSTEM "shops.dtd">
<yml_catalog date="2026-11-20 10:00"><shop>
<name>Магазин</name><company>ООО</company><url>https://shop.example/</url>
<currencies><currency id="RUR" rate="1"/></currencies>
<categories><category id="1">Одежда</category>
<category id="5" parentId="1">Платья</category><category id="9">Сумки</category>
</categories>
<offers>
<offer id="101" group_id="10" available="false"><url>https://shop.example/10?v=101</url><price>1990</price>
<currencyId>RUR</currencyId><categoryId>5</categoryId><picture>https://img.example/1.jpg</picture>
<picture>https://img.example/2.jpg</picture><name>Платье&nbsp;летнее 42</name><vendor>Acme</vendor>
<description><![CDATA[<p>Лёгкое</p>]]></description><delivery>true</delivery>
<param name="Цвет">красный</param><param name="Размер" unit="RU">42</param><param name="Type">летнее</param></offer>
<offer id="102" group_id="10" available="true"><url>https://shop.example/10?v=102</url><price>1990</price>
<currencyId>RUR</currencyId><categoryId>5</categoryId><picture>https://img.example/3.jpg</picture>
<name>Платье летнее 44</name><vendor>Acme</vendor><param name="Цвет">синий</param>
<param name="Размер">44</param></offer>
<offer id="201" type="vendor.model" available="true"><price>4990.50</price><currencyId>BYN</currencyId>
<categoryId>9</categoryId><picture>https://img.example/4.jpg</picture><typePrefix>Сумка</typePrefix>
<vendor>Acme</vendor><model>X-2</model></offer>
</offers></shop></yml_catalog>
"""
pytestmark = pytest.mark.django_db


def test_offers_of_one_group_become_one_product_with_its_options(tmp_path, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    (tmp_path / "feed.xml").write_text(YML)

    report, again = import_products(tmp_path / "feed.xml"), import_products(tmp_path / "feed.xml")

    dress, bag = Product.objects.order_by("sku")
    assert (report.created, report.problems, again.unchanged) == (2, [], 2)
    assert (dress.sku, dress.title, dress.category.name) == ("10", "Платье летнее 42", "Одежда > Платья")
    assert (str(dress.price), dress.currency, dress.in_stock) == ("1990.00", "RUB", True)
    assert (dress.url, bag.url) == ("https://shop.example/10?v=101", "")
    assert dress.attributes == {
        "Variant SKU": "101, 102", "brand": "Acme", "description": "Лёгкое", "Цвет": "красный, синий",
        "Размер": "42, 44", "attribute Type": "летнее",
    }  # fmt: skip
    assert (bag.sku, bag.title, bag.category.name, bag.currency) == ("201", "Сумка Acme X-2", "Сумки", "BYN")
    urls = ImageDownload.objects.filter(product=dress).order_by("position").values_list("url", flat=True)
    assert [url[-5:] for url in urls] == ["1.jpg", "2.jpg", "3.jpg"]


def test_offers_of_one_group_are_one_product_wherever_they_stand(tmp_path, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    first, second, other = (f"<offer id={part}" for part in YML.split("<offers>")[1].split("<offer id=")[1:])
    third = second.replace('"102"', '"103"').replace("44", "46")
    rest = [f"<offer{other.split('</offers>')[0][6:]}".replace('"201"', f'"{number}"') for number in (201, 202)]
    (tmp_path / "feed.xml").write_text(
        YML.split("<offers>")[0]
        + "<offers>"
        + first
        + rest[0]
        + second
        + rest[1]
        + third
        + "</offers></shop></yml_catalog>"
    )

    report, again = import_products(tmp_path / "feed.xml"), import_products(tmp_path / "feed.xml")

    assert (report.created, report.problems, again.unchanged) == (3, [], 3)
    dress = Product.objects.get(sku="10")
    assert (dress.title, dress.in_stock) == ("Платье летнее 42", True)
    assert (dress.attributes["Variant SKU"], dress.attributes["Размер"]) == ("101, 102, 103", "42, 44, 46")


def test_rows_of_groups_that_stand_together_are_not_moved():
    groups, entries = (
        Groups(),
        [("g", ("1", {"title": "a"})), ("g", ("2", {"title": "b"})), ("", ("3", {"title": "c"}))],
    )
    for group, _ in entries:
        groups.note(group)

    assert groups.scattered == set()
    assert list(groups.gather(entries)) == [("1", {"title": "a"}), ("2", {"title": ""}), ("3", {"title": "c"})]


def test_events_of_an_offer_count_for_its_group(tmp_path, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    (tmp_path / "feed.xml").write_text(YML)
    import_products(tmp_path / "feed.xml")
    (tmp_path / "events.csv").write_text("user,sku,kind,timestamp\nada,102,view,2026-11-20T10:00:00Z\n")

    assert import_interactions(tmp_path / "events.csv").accepted == 1
    assert Interaction.objects.get().product.sku == "10"


def test_categories_that_are_above_each_other_end():
    categories = Categories()
    categories.add({"id": "1", "parentId": "2"}, " A ")
    categories.add({"id": "2", "parentId": "1"}, "B")
    categories.add({}, "no id")

    assert categories.path("1").startswith("B > A > B") and len(categories.found) == 2
    row = row_of({"id": "7", "name": "x", "categoryId": "2", "vat": "1"}, categories)
    assert row == {"sku": "7", "title": "x", "category": categories.path("2")}
    with pytest.raises(BadRow, match='category: the feed has no <category id="3">'):
        row_of({"id": "7", "name": "x", "categoryId": "3"}, categories)


def test_an_offer_of_a_category_that_is_not_declared_is_refused(tmp_path, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    (tmp_path / "feed.xml").write_text(YML.replace('<category id="9">', '<category id="8">'))
    (tmp_path / "none.xml").write_text(YML.replace("<category id=", "<category key="))

    [problem] = import_products(tmp_path / "feed.xml").problems

    assert (problem.sku, problem.reason) == (
        "201",
        'category: the feed has no <category id="9">: add it, or mend the categoryId',
    )
    with pytest.raises(ImportFailed, match='no product that can be read: .*the feed has no <category id="9">'):
        import_products(tmp_path / "none.xml")
