from datetime import UTC, datetime, timedelta

import pytest

from catalog.errors import BadRow
from catalog.importers.events import read_kind, read_time, read_user
from catalog.models import Kind

MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
MIDNIGHT = datetime(2023, 11, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1700000000", MOMENT),
        ("1700000000.0", MOMENT),
        ("1700000000000", MOMENT),
        ("1700000000000000", MOMENT),
        ("1700000000000000000", MOMENT),
        ("2023-11-14T22:13:20Z", MOMENT),
        ("2023-11-15T00:13:20+0200", MOMENT),
        ("2023-11-14 22:13:20", MOMENT),
        ("2023-11-14 22:13:20 UTC", MOMENT),
        ("2023-11-14 22:13:20.000 +0000 UTC", MOMENT),
        ("2023-11-14T22:13:20.123456789Z", MOMENT + timedelta(microseconds=123456)),
        ("20231114221320", MOMENT),
        ("20231114", MIDNIGHT),
        ("2023-11-14", MIDNIGHT),
        ("2023-W46-2", MIDNIGHT),
        ("1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("Tue, 14 Nov 2023 22:13:20 GMT", MOMENT),
        ("Tue, 14 Nov 2023 17:13:20 -0500", MOMENT),
        ("Tue Nov 14 22:13:20 UTC 2023", MOMENT),
        ("14.11.2023 22:13:20", MOMENT),
        ("2023/11/14 22:13:20", MOMENT),
        ("2023-11-14 10:13:20 PM", MOMENT),
        ("2023-11-14T23:13:20+01:00[Europe/Berlin]", MOMENT),
        ("14 Nov 2023", MIDNIGHT),
        ("14-Nov-2023", MIDNIGHT),
        ("November 14, 2023", MIDNIGHT),
    ],
)
def test_a_time_is_read_as_it_is_meant(text, moment):
    assert read_time(text) == moment


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("14/11/2023", "write 2023-11-14T22:13:20Z"),
        ("11/14/2023 10:13 PM", "write"),
        ("1.7E+09", "a spreadsheet has made a number of it"),
        ("45244.92592", "a spreadsheet has made a number of it"),
        ("11-14-2023", "write"),
        ("32.01.2023", "write"),
        ("-1", "before 1970"),
        ("0", "the first moment of 1970, which programs write for none"),
        ("1970-01-01", "which programs write for none"),
        ("2023-318", "write"),
        ("9" * 400, "write"),
    ],
)
def test_a_time_that_may_be_another_is_refused(text, hint):
    with pytest.raises(BadRow, match=hint):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Purchase", Kind.PURCHASE), ("VIEW", Kind.VIEW), ("add_to_cart", Kind.CART), ("addToCart", Kind.CART),
        ("ViewContent", Kind.VIEW), ("PRODUCT_VIEW", Kind.VIEW), ("Order Placed", Kind.PURCHASE),
        ("AddToBasket", Kind.CART), ("add-to-favorites", Kind.LIKE), ("clickout", Kind.CLICK),
        ("page-view", Kind.VIEW), ("favorite", Kind.LIKE), ("buy", Kind.PURCHASE), ("dislike", Kind.DISLIKE),
    ],
)  # fmt: skip
def test_kinds_of_other_systems_are_known(text, kind):
    assert read_kind(text) == kind


@pytest.mark.parametrize("text", ["remove_from_cart", "5", "read"])
def test_a_kind_that_is_none_of_ours_is_refused_with_ours(text):
    with pytest.raises(BadRow, match="is none of view, click, like, dislike, cart, purchase"):
        read_kind(text)


def test_an_id_that_became_a_float_is_refused():
    assert read_user("3423") == "3423"
    with pytest.raises(BadRow, match=r"3423\.0 is a number"):
        read_user("3423.0")


def test_an_email_address_is_one_shopper_in_any_capitals():
    assert read_user("Ada@Example.COM") == read_user("ada@example.com") == "ada@example.com"
    assert (read_user("Ada"), read_user("@Ada")) == ("Ada", "@Ada")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("просмотр", "view"),
        ("Warenkorb", "cart"),
        ("SATIN ALMA", "purchase"),
        ("購入", "purchase"),
        ("Favoris", "like"),
    ],
)
def test_kinds_are_known_in_the_languages_of_shops(text, kind):
    assert read_kind(text) == kind


@pytest.mark.parametrize("text", ["46024", "46024.5"])
def test_a_spreadsheet_s_number_of_a_day_is_no_unix_time(text):
    with pytest.raises(BadRow, match="a spreadsheet has made a number of it"):
        read_time(text)
