import pytest

from catalog.errors import BadRow
from catalog.importers.date_order import DateOrder


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["01/31/2026", "02/03/2026"], ["2026-01-31", "2026-02-03"]),
        (["31/01/2026", "02/03/2026 22:15:01"], ["2026-01-31", "2026-03-02 22:15:01"]),
        (["3-25-2026, 9:05 PM", "1-2-2026"], ["2026-03-25 9:05 PM", "2026-01-02"]),
    ],
)
def test_one_date_tells_the_order_of_all(texts, written):
    dates = DateOrder.of([*texts, "2026-01-31", "1769817600", ""])

    assert [dates.iso(text) for text in texts] == written
    assert dates.note.endswith(f"first, as {texts[0]} can be read in no other way")


@pytest.mark.parametrize("text", ["2026-01-31", "26-01-31", "1/2/26", "31.01.2026", "1769817600", "", "1/2/2026x"])
def test_what_is_no_such_date_stays(text):
    assert DateOrder.of([text, "01/31/2026"]).iso(text) == text


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["01/02/2026"], "no date of it tells which: write 2026-01-31"),
        (["01/02/2026", "31/01/2026", "01/31/2026"], "31/01/2026 and 01/31/2026 are of both orders"),
        (["13/13/2026"], "no date of it tells which"),
    ],
)
def test_dates_whose_order_nobody_knows_are_refused(texts, reason):
    dates = DateOrder.of(texts)
    with pytest.raises(BadRow, match=reason):
        dates.iso(texts[0])
    assert dates.note == ""
