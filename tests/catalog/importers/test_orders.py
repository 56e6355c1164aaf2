import json

import pytest

from catalog.errors import ImportFailed
from catalog.importers import import_interactions, import_products
from catalog.models import Interaction, Product
from tests.catalog.importers.builders import jpegs, write_folder
from tests.catalog.importers.test_layouts import SHOPIFY, WOOCOMMERCE
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db

SHOPIFY_ORDERS = """\
Name,Email,Financial Status,Paid at,Currency,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Created at,Id
#1001,Ada@example.com,paid,2026-01-02 12:00:05 +0100,EUR,2,Red trainer - 40,19.95,R-40,2026-01-02 12:00:00 +0100,55
#1001,Ada@example.com,,,,1,Old trainer,5.00,O-1,2026-01-02 12:00:00 +0100,
#1002,,paid,,EUR,1,Red trainer - 41,19.95,R-41,2026-01-03 12:00:00 -0500,56
#1003,bob@example.com,paid,,EUR,1,A gift card,5.00,,2026-01-03 12:00:00 -0500,57
#1004,bob@example.com,paid,,EUR,1,Gone,5.00,GONE,2026-01-03 12:00:00 -0500,58
"""


def woocommerce_order(number: int, status: str, customer: int, *lines: dict[str, object]) -> dict[str, object]:
    return {
        "id": number, "number": str(number), "status": status, "customer_id": customer, "currency": "EUR",
        "date_created": "2026-01-02T13:00:00", "date_created_gmt": "2026-01-02T12:00:00", "line_items": list(lines),
    }  # fmt: skip


def catalogue(folder, text: str) -> None:
    write_folder(folder, {"products.csv": text} | jpegs(["1.jpg", "2.jpg", "3.jpg"]))
    import_products(folder / "products.csv")


def bought() -> list[tuple]:
    columns = ("shopper__key", "session", "product__sku", "kind", "event_id")
    return list(Interaction.objects.order_by("pk").values_list(*columns))


def test_of_shopify_s_export_cancelled_orders_are_left_out_with_all_their_lines(tmp_path):
    ProductFactory(sku="R-40")
    ProductFactory(sku="O-1")
    (tmp_path / "orders_export.csv").write_text(
        "Name,Email,Lineitem sku,Created at,Cancelled at\n"
        "#1,ada@example.com,R-40,2026-01-02 12:00:00 +0100,2026-01-03 12:00:00 +0100\n"
        "#1,ada@example.com,O-1,2026-01-02 12:00:00 +0100,\n"
        "#2,ada@example.com,O-1,2026-01-04 12:00:00 +0100,\n"
    )

    report = import_interactions(tmp_path / "orders_export.csv")

    assert bought() == [("ada@example.com", "", "O-1", "purchase", "#2/O-1")]
    assert "left out, as they are no purchases: lines of orders that are cancelled: 2" in report.notes


def test_shopify_s_orders_are_purchases_of_the_products_whose_variants_they_name(tmp_path):
    catalogue(tmp_path, SHOPIFY)
    (tmp_path / "orders_export.csv").write_text(SHOPIFY_ORDERS)

    report = import_interactions(tmp_path / "orders_export.csv")
    again = import_interactions(tmp_path / "orders_export.csv")

    assert bought() == [
        ("ada@example.com", "", "red", "purchase", "#1001/R-40"),
        ("ada@example.com", "", "old", "purchase", "#1001/O-1"),
        (None, "order #1002", "red", "purchase", "#1002/R-41"),
    ]
    assert Interaction.objects.order_by("pk").first().occurred_at.isoformat() == "2026-01-02T11:00:00+00:00"
    assert [str(problem).partition(": ")[2] for problem in report.problems] == [
        "sku: the line 'A gift card' of the order has none: give its variant a SKU in Shopify, then export and import "
        "the products and the orders anew",
        "There is no product 'GONE'.",
    ]
    assert "orders_export.csv was read as Shopify's orders" in report.notes
    assert any("3 rows name a variant" in note for note in report.notes)
    assert (report.accepted, again.accepted, again.duplicates) == (3, 0, 3)


def test_woocommerce_s_orders_are_purchases_of_the_products_whose_variations_they_name(tmp_path):
    catalogue(tmp_path, WOOCOMMERCE)
    variation = {"id": 1, "product_id": 10, "variation_id": 12, "sku": "R-40"}
    simple = {"id": 2, "product_id": 11, "variation_id": 0, "sku": "old"}
    orders = [
        woocommerce_order(7, "completed", 3, variation, simple),
        woocommerce_order(8, "processing", 0, variation | {"id": 3}),
        woocommerce_order(9, "cancelled", 3, variation | {"id": 4}),
    ]
    (tmp_path / "orders.json").write_text(json.dumps(orders))

    report = import_interactions(tmp_path / "orders.json")

    assert bought() == [
        ("3", "", "red", "purchase", "7/1"),
        ("3", "", "old", "purchase", "7/2"),
        (None, "order 8", "red", "purchase", "8/3"),
    ]
    assert report.problems == []
    assert "left out, as they are no purchases: orders that are cancelled: 1" in report.notes


@pytest.mark.parametrize("lines", [None, "R-40", ["R-40", None], [{}]])
def test_lines_of_an_order_that_are_none_end_no_import(tmp_path, lines):
    catalogue(tmp_path, WOOCOMMERCE)
    simple = {"id": 2, "product_id": 11, "variation_id": 0, "sku": "old"}
    odd = woocommerce_order(7, "completed", 3) | {"line_items": lines}
    (tmp_path / "orders.json").write_text(json.dumps([odd, woocommerce_order(8, "completed", 3, simple)]))

    import_interactions(tmp_path / "orders.json")

    assert [event for *_, event in bought()] == ["8/2"]


def test_a_variation_s_sku_in_any_table_counts_for_its_product(tmp_path):
    catalogue(tmp_path, WOOCOMMERCE)
    assert Product.objects.get(sku="red").attributes["Variant SKU"] == "R-40, R-41"
    (tmp_path / "events.csv").write_text("user,sku,kind,timestamp\nada,R-41,view,2026-01-02T12:00:00Z\n")

    assert import_interactions(tmp_path / "events.csv").accepted == 1
    assert Interaction.objects.get().product.sku == "red"


def test_orders_of_shopify_s_and_magento_s_rest_are_purchases(tmp_path):
    for sku in ("A", "B"):
        ProductFactory(sku=sku, image=False)
    shopify = {
        "orders": [
            {"id": 1, "name": "#1", "email": "Ada@x.example", "created_at": "2026-01-02T10:00:00-05:00",
             "cancelled_at": None, "line_items": [{"id": 1, "sku": "A"}, {"id": 2, "sku": "B"}]},
            {"id": 2, "name": "#2", "email": "", "created_at": "2026-01-02T10:00:00-05:00",
             "cancelled_at": "2026-01-03T10:00:00-05:00", "line_items": [{"id": 3, "sku": "A"}]},
        ]
    }  # fmt: skip
    magento = {
        "items": [
            {"increment_id": "01", "status": "complete", "created_at": "2026-01-02 10:00:00", "customer_id": 7,
             "items": [{"item_id": 1, "sku": "A"}, {"item_id": 2, "sku": "A", "parent_item_id": 1}]},
            {"increment_id": "02", "status": "canceled", "created_at": "2026-01-02 10:00:00",
             "items": [{"item_id": 3, "sku": "B"}]},
            {"increment_id": "03", "status": "processing", "created_at": "2026-01-02 10:00:00",
             "items": [{"item_id": 4, "sku": "B"}]},
        ],
        "search_criteria": {}, "total_count": 3,
    }  # fmt: skip
    reports = []
    for name, orders in (("shopify", shopify), ("magento", magento)):
        (tmp_path / f"{name}.json").write_text(json.dumps(orders))
        reports.append(import_interactions(tmp_path / f"{name}.json"))

    assert [(report.accepted, report.failed) for report in reports] == [(2, 0), (2, 0)]
    assert bought() == [
        ("ada@x.example", "", "A", "purchase", "#1/A"), ("ada@x.example", "", "B", "purchase", "#1/B"),
        ("7", "", "A", "purchase", "01/1"), (None, "order 03", "B", "purchase", "03/4"),
    ]  # fmt: skip


def imported(folder, name: str, text: str):
    """Import a table of orders of the products A and B."""
    for sku in ("A", "B"):
        ProductFactory(sku=sku, image=False)
    (folder / name).write_text(text)
    return import_interactions(folder / name)


def left_out(report) -> str:
    [note] = [note for note in report.notes if note.startswith("left out")]
    return note.removeprefix("left out, as they are no purchases: ")


def test_of_shopify_s_export_orders_that_are_refunded_or_not_paid_are_left_out(tmp_path):
    lines = ["Name,Email,Financial Status,Lineitem sku,Created at"]
    for number, state in enumerate(("paid", "refunded", "pending", "voided", "partially_refunded", "authorized")):
        lines += [f"#{number},ada@x.example,{state},A,2026-01-02 12:00:00 +0100"]
        lines += [f"#{number},ada@x.example,,B,2026-01-02 12:00:00 +0100"]

    report = imported(tmp_path, "orders_export.csv", "\n".join(lines))

    assert sorted({event.split("/")[0] for *_, event in bought()}) == ["#0", "#4", "#5"]
    assert left_out(report) == (
        "lines of orders that are refunded: 2, lines of orders that are pending (not paid): 2, "
        "lines of orders that are voided: 2"
    )


def test_amazon_s_orders_are_guests_and_neither_cancelled_nor_returned_nor_pending(tmp_path):
    states = ("Shipped", "Cancelled", "Pending", "Shipped - Returned to Seller", "Pending - Waiting for Pick Up")
    lines = ["amazon-order-id\tpurchase-date\torder-status\tsku\tasin\titem-status\tquantity"]
    lines += [f"11-{n}\t2026-01-02T10:00:00+00:00\t{state}\tA\tB0\t\t1" for n, state in enumerate(states)]

    report = imported(tmp_path, "orders.txt", "\n".join(lines))

    assert bought() == [
        (None, "order 11-0", "A", "purchase", "11-0/A"), (None, "order 11-4", "A", "purchase", "11-4/A"),
    ]  # fmt: skip
    assert left_out(report) == (
        "lines of orders that are cancelled: 1, lines of orders that are pending (not paid): 1, "
        "lines of orders that are shipped returned to seller: 1"
    )


def test_etsy_s_items_have_the_month_first_and_are_paid(tmp_path):
    ProductFactory(sku="blue-mug", image=False)
    text = (
        "Sale Date,Item Name,Buyer,Quantity,Price,Date Paid,Transaction ID,Order ID,SKU\n"
        "01/31/26,Hat,ada,1,5,02/01/2026,10,1,A\n"
        "01/31/26,Blue mug,bob,1,5,02/01/2026,11,2,\n"
        "01/31/26,Hat,cleo,1,5,,12,3,A\n"
    )

    report = imported(tmp_path, "EtsySoldOrderItems2026.csv", text)

    assert bought() == [("ada", "", "A", "purchase", "1/10"), ("bob", "", "blue-mug", "purchase", "2/11")]
    assert Interaction.objects.first().occurred_at.isoformat() == "2026-01-31T00:00:00+00:00"
    assert left_out(report) == "lines of orders that are not paid: 1"


def test_prestashop_s_orders_are_those_that_are_valid(tmp_path):
    line = {"id": "9", "product_id": "5", "product_reference": "A", "product_quantity": "1"}
    orders = [
        {"id": number, "reference": f"R{number}", "id_customer": customer, "current_state": state, "valid": valid,
         "date_add": "2026-01-02 10:00:00", "associations": {"order_rows": [line]}}
        for number, (customer, state, valid) in enumerate(
            [("7", "5", "1"), ("0", "2", "1"), ("7", "6", "0"), ("7", "7", "1"), ("7", "10", "0")]
        )
    ]  # fmt: skip

    report = imported(tmp_path, "orders.json", json.dumps({"orders": orders}))

    assert bought() == [("7", "", "A", "purchase", "R0/9"), (None, "order R1", "A", "purchase", "R1/9")]
    assert left_out(report) == (
        "orders that are cancelled: 1, orders that are refunded: 1, orders that are not paid: 1"
    )


def test_states_of_orders_over_rest_count_as_those_of_exports(tmp_path):
    line = {"id": 1, "sku": "A", "product_id": 5}
    shopify = [
        {"name": f"#{n}", "email": "a@x.example", "created_at": "2026-01-02T10:00:00Z", "financial_status": state,
         "line_items": [line, line | {"id": 2, "sku": "B", "current_quantity": 0}]}
        for n, state in enumerate(("paid", "refunded", "pending"))
    ]  # fmt: skip
    woocommerce = [
        woocommerce_order(n, state, 3, line)
        for n, state in enumerate(("completed", "processing", "on-hold", "refunded", "failed", "pending"))
    ]
    magento = [
        {"increment_id": str(n), "status": state, "created_at": "2026-01-02 10:00:00", "customer_id": 8,
         "items": [line | {"item_id": 1}, line | {"item_id": 2, "sku": "B", "qty_ordered": 1, "qty_refunded": 1}]}
        for n, state in enumerate(("complete", "closed", "pending", "holded"))
    ]  # fmt: skip

    notes = [left_out(imported(tmp_path, "0.json", json.dumps(shopify)))]
    for n, orders in ((1, woocommerce), (2, magento)):
        (tmp_path / f"{n}.json").write_text(json.dumps(orders))
        notes.append(left_out(import_interactions(tmp_path / f"{n}.json")))

    assert [event for *_, event in bought()] == ["#0/A", "0/1", "1/1", "0/1"]
    assert notes == [
        "lines that were cancelled or refunded: 1, orders that are refunded: 1, orders that are pending (not paid): 1",
        "orders that are on hold (not paid): 1, orders that are refunded: 1, orders that are failed: 1, "
        "orders that are pending (not paid): 1",
        "lines that were cancelled or refunded: 1, orders that are closed (refunded): 1, "
        "orders that are pending (not paid): 1, orders that are holded (not paid): 1",
    ]


def test_any_table_of_orders_may_have_states_and_no_shopper(tmp_path):
    text = (
        "Bestellnummer;order id;sku;order date;Bestellstatus\n"
        "x;1;A;2026-01-02;Versandt\nx;2;A;2026-01-02;Storniert\nx;3;B;2026-01-02;Zahlung ausstehend\n"
    )

    report = imported(tmp_path, "orders.csv", text)

    assert bought() == [(None, "order 1", "A", "purchase", "1/A")]
    assert left_out(report) == (
        "lines of orders that are storniert: 1, lines of orders that are zahlung ausstehend (not paid): 1"
    )


def test_a_file_of_cancelled_orders_alone_says_so(tmp_path):
    text = "Name,Email,Lineitem sku,Created at,Cancelled at\n#1,a@x.example,A,2026-01-02,2026-01-03\n"

    with pytest.raises(ImportFailed, match="holds no interactions: left out, as they are no purchases: "):
        imported(tmp_path, "orders_export.csv", text)


def test_orders_of_a_german_shop_are_known_by_their_columns(tmp_path):
    text = (
        "Kundennummer;Artikelnummer;Bestelldatum;Bestellnummer;Menge;Status\n"
        "1001;A;02.01.2026;B1;1;Versandt\n1002;A;03.01.2026;B2;1;Storniert\n1003;B;03.01.2026;B3;-1;Versandt\n"
    )

    report = imported(tmp_path, "bestellungen.csv", text)

    assert bought() == [("1001", "", "A", "purchase", "B1/A")]
    assert left_out(report) == "lines of orders that are storniert: 1, what was returned: 1"


def test_orders_of_any_program_have_their_lines_within(tmp_path):
    orders = [
        {"order_id": "1", "customer": {"id": 7}, "created_at": "2026-01-02T10:00:00Z", "status": "paid",
         "items": [{"id": 1, "sku": "A", "qty": 1}, {"id": 2, "sku": "B", "qty": 1}]},
        {"order_id": "2", "customer": {"id": 7}, "created_at": "2026-01-02T10:00:00Z", "status": "refunded",
         "items": [{"id": 3, "sku": "A", "qty": 1}]},
    ]  # fmt: skip

    report = imported(tmp_path, "orders.json", json.dumps(orders))

    assert bought() == [("7", "", "A", "purchase", "1/A"), ("7", "", "B", "purchase", "1/B")]
    assert left_out(report) == "lines of orders that are refunded: 1"


def test_an_event_of_several_products_counts_for_each(tmp_path):
    event = {"id": "e1", "user": "ada", "event": "add to cart", "timestamp": "2026-01-02T10:00:00Z"}
    lines = {"products": [{"sku": "A"}, {"sku": "B"}]}

    report = imported(tmp_path, "events.json", json.dumps([event | lines, event | {"id": "e2", "sku": "A"}]))

    assert [(sku, kind, key) for _, _, sku, kind, key in bought()] == [
        ("A", "cart", "e1/A"), ("B", "cart", "e1/B"), ("A", "cart", "e2"),
    ]  # fmt: skip
    assert report.failed == 0


def test_lines_of_no_pieces_are_no_purchases(tmp_path):
    line = {"id": 1, "sku": "A", "name": "Red"}
    shopify = {"name": "#1", "email": "a@x.example", "created_at": "2026-01-02T10:00:00Z", "line_items": [
        line | {"quantity": 0}, {"id": 2, "name": "Unnamed"}, line | {"quantity": 2}]}  # fmt: skip
    presta = {"reference": "P", "current_state": "2", "date_add": "2026-01-02 10:00:00", "id_customer": 7,
              "associations": {"order_rows": [{"id": 1, "product_reference": "A", "product_quantity": 0}]}}  # fmt: skip
    magento = {"increment_id": "M", "status": "complete", "created_at": "2026-01-02 10:00:00", "customer_id": 8,
               "items": [{"item_id": 1, "sku": "A", "qty_ordered": 0}]}  # fmt: skip
    woocommerce = woocommerce_order(1, "completed", 3, line | {"quantity": 0})
    tables = {
        "s.csv": "Name,Email,Lineitem quantity,Lineitem sku,Created at\n#1,a@x.example,0,A,2026-01-02",
        "a.csv": "amazon-order-id,purchase-date,order-status,sku,quantity\n1,2026-01-02,Shipped,A,0",
        "e.csv": "Sale Date,Item Name,Buyer,Quantity,Transaction ID,Order ID,SKU\n01/02/26,Red,b,0,1,2,A",
        "any.csv": 'order id,customer id,sku,quantity,date\n1,u,A,"0,00",2026-01-02',
        "kinds.csv": "user,sku,kind,timestamp,qty\nu,A,Purchase,2026-01-02,0",
    }
    documents = {f"{n}.json": json.dumps([each]) for n, each in enumerate((presta, magento, woocommerce))}

    report = imported(tmp_path, "orders.json", json.dumps([shopify]))

    assert [event for *_, event in bought()] == ["#1/A"]
    assert left_out(report) == "lines of no pieces: 1"
    assert "sku: the line 'Unnamed' of the order has none: give its variant a SKU" in str(report.problems[0])
    for name, text in (tables | documents).items():
        (tmp_path / name).write_text(text)
        with pytest.raises(ImportFailed, match="lines of no pieces: 1"):
            import_interactions(tmp_path / name)


def test_of_bigcommerce_s_orders_each_packed_product_is_a_purchase(tmp_path):
    for sku in ("A-1", "B-1"):
        ProductFactory(sku=sku)
    (tmp_path / "orders.csv").write_text(
        "Order ID,Customer ID,Customer Email,Order Date,Order Status,Product Details\n"
        '100,7,Ada@x.example,01/31/2026,Completed,"Product ID: 77, Product Qty: 1, Product SKU: A-1, Product Name: b|c,'
        ' Product Unit Price: 49.00|Product ID: 78, Product Qty: 2, Product SKU: B-1, Product Name: Mug"\n'
        '101,7,Ada@x.example,02/01/2026,Cancelled,"Product ID: 77, Product Qty: 1, Product SKU: A-1, Product Name: A"\n'
        '102,8,,02/01/2026,Shipped,"Product ID: 79, Product Qty: 1, Product SKU: , Product Name: Gift card"\n'
        '103,8,,02/02/2026,Shipped,"Product ID: 77, Product Qty: 0, Product SKU: A-1, Product Name: A"\n'
    )

    report = import_interactions(tmp_path / "orders.csv")
    again = import_interactions(tmp_path / "orders.csv")

    assert bought() == [
        ("ada@x.example", "", "A-1", "purchase", "100/1"),
        ("ada@x.example", "", "B-1", "purchase", "100/2"),
    ]
    assert [problem.reason.split(":")[1] for problem in report.problems] == [
        " the line 'Gift card' of the order has none"
    ]
    assert {str(day.date()) for day in Interaction.objects.values_list("occurred_at", flat=True)} == {"2026-01-31"}
    assert (again.accepted, again.duplicates) == (0, 2)
    assert any("orders that are cancelled: 1" in note for note in report.notes)
