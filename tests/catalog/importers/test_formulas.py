import pytest

from catalog.importers.formulas import guard, without_guard


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+41 79 123", "-", "-5 °C", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("x")', "-1+1|cmd", "-5e3",
        "'=1", "''=1", '="00042"', "'00042",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_or_take_for_a_number_is_guarded_and_read_back(text):
    assert guard(text) == f"'{text}"
    assert without_guard(guard(text)) == text


@pytest.mark.parametrize("text", ["", "-5", "-19.95", "00042", "a=1", "'Tis", "'90s", "it's", "1-2", "＃", "'"])
def test_other_texts_and_numbers_stay_as_they_are(text):
    assert guard(text) == text
    assert without_guard(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('="00042"', "00042"), ('="', '="'), ("=1", "=1"), ("'00042", "00042"), ("'=A1", "=A1"), ("'-5", "-5"),
        ("'2026-01-02 10:00", "2026-01-02 10:00"), ('=""', ""), ("'=a\nb", "=a\nb"),
    ],
)  # fmt: skip
def test_a_text_that_a_spreadsheet_marks_is_read_without_the_mark(text, meant):
    assert without_guard(text) == meant
