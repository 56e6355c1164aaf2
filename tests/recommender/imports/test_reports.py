import io

import pytest

from catalog.importers import Problem
from recommender.imports import reports
from recommender.imports.reports import Line, ReportWriter, line_of


@pytest.mark.parametrize(
    ("place", "reason", "line"),
    [
        (
            "t.csv line 17",
            "price: 'cheap' is no price; such as 1 is taken",
            Line("t.csv", "17", "price", "", "cheap", "'cheap' is no price", "such as 1 is taken"),
        ),
        (
            "t.csv lines 3-5",
            "image: it is empty",
            Line("t.csv", "3-5", "image", "", "", "it is empty", reports.ADVICE["image"]),
        ),
        (
            "t.xlsx row 4",
            "SKU A-1: duplicate of t.xlsx row 2",
            Line("t.xlsx", "4", "sku", "", "", "SKU A-1: duplicate of t.xlsx row 2", reports.ADVICE["sku"]),
        ),
        (
            "t.csv line 2",
            "title: it is empty; currency: it is too long",
            Line("t.csv", "2", "title", "", "", "it is empty; currency: it is too long", reports.ADVICE["title"]),
        ),
        (
            "t.csv line 2",
            "There is no product 'A'.",
            Line("t.csv", "2", "sku", "", "A", "There is no product 'A'.", reports.UNKNOWN),
        ),
        (
            "t.csv line 2",
            "2999-01-01 is in the future.",
            Line(
                "t.csv", "2", "timestamp", "", "2999-01-01", "2999-01-01 is in the future.",
                reports.ADVICE["timestamp"],
            ),
        ),
        (
            "t.csv line 2",
            "no value for user, kind",
            Line("t.csv", "2", "user", "", "", "no value for user, kind", reports.ADVICE["user"]),
        ),
        (
            "t.csv line 2",
            "image: the URL http://x.example/'a'.jpg is not fetched: no host",
            Line(
                "t.csv", "2", "image", "", "http://x.example/'a'.jpg",
                "the URL http://x.example/'a'.jpg is not fetched: no host", reports.ADVICE["image"],
            ),
        ),
        ("images/a.png", "not a picture", Line("images/a.png", "", "", "", "", "not a picture", "")),
    ],
)  # fmt: skip
def test_a_problem_is_taken_apart(place, reason, line):
    assert line_of(Problem(place, reason)) == line


def test_a_report_goes_on_behind_what_was_saved():
    file = io.BytesIO()
    first = ReportWriter(file, 0)
    first.add(Problem("t.csv line 2", "price: it is empty", "A"))
    saved = first.size()
    first.add(Problem("t.csv line 3", "price: it is empty"))

    again = ReportWriter(file, saved)
    again.add(Problem("t.csv line 4", "price: it is empty"))

    lines = file.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0] == "file,line,column,sku,value,reason,what would help"
    assert [line.split(",")[1:4] for line in lines[1:]] == [["2", "price", "A"], ["4", "price", ""]]


def test_a_report_whose_end_was_lost_goes_on_behind_what_is_left():
    file = io.BytesIO(b"\xef\xbb\xbffile,line\r\n")

    ReportWriter(file, 1000).add(Problem("t.csv line 4", "price: it is empty"))

    assert b"\0" not in file.getvalue() and file.getvalue().startswith(b"\xef\xbb\xbffile,line\r\nt.csv,4,")


def test_a_value_never_becomes_a_formula():
    file = io.BytesIO()
    ReportWriter(file, 0).add(Problem("t.csv line 2", "price: '=HYPERLINK(1)' is no price"))

    assert ",'=HYPERLINK(1)," in file.getvalue().decode()


def test_a_value_is_shown_as_it_was(tmp_path):
    path = tmp_path / "report.csv"
    with path.open("w+b") as file:
        ReportWriter(file, 0).add(Problem("t.csv line 2", "price: '=1' is no price"))

    assert reports.read_first(path, 1)[0][4] == "=1"


def test_a_character_that_has_no_bytes_is_written_as_its_number():
    file = io.BytesIO()
    ReportWriter(file, 0).add(Problem("t.csv line 2", "title: \ud800"))

    assert b"\\ud800" in file.getvalue()


def test_the_first_lines_are_read_back(tmp_path):
    path = tmp_path / "report.csv"
    assert reports.read_first(path, 2) == []
    with path.open("w+b") as file:
        report = ReportWriter(file, 0)
        for number in range(5):
            report.add(Problem(f"t.csv line {number}", "it is, as one says, wrong"))

    assert [line[1] for line in reports.read_first(path, 2)] == ["0", "1"]
