import pytest

from catalog.importers.order_states import against, against_any


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("cancelled", "cancelled"),
        ("CANCELED", "canceled"),
        ("wc-refunded", "refunded"),
        ("Shipped - Returned to Seller", "shipped returned to seller"),
        ("Storniert", "storniert"),
        ("Retoure", "retoure"),
        ("wc-on-hold", "on hold (not paid)"),
        ("Annulée", "annulée"),
        ("Отменён", "отменён"),
        ("İptal Edildi", "iptal edildi"),
        ("キャンセル済み", "キャンセル済み"),
        ("pending", "pending (not paid)"),
        ("pending_payment", "pending payment (not paid)"),
        ("unpaid", "unpaid"),
        ("On hold", "on hold (not paid)"),
    ],
)
def test_states_that_are_no_purchases_are_told(state, why):
    assert against(state) == why


@pytest.mark.parametrize(
    "state",
    ["", "paid", "Shipped", "completed", "processing", "partially_refunded", "Teilweise erstattet", "authorized",
     "Awaiting Fulfillment", "Pending - Waiting for Pick Up", "Expédiée", "bezahlt", "Avoided"],
)  # fmt: skip
def test_states_of_purchases_are_none(state):
    assert against(state) == ""


def test_of_several_states_the_first_that_speaks_against_it_counts():
    assert against_any(["paid", None, "refunded", "cancelled"]) == "refunded"
    assert against_any(["paid", None, ""]) == ""
