"""Texts in CSV that a spreadsheet would run as a formula: guarded in what is written, read back as they were."""

import re

# What begins a formula, in spreadsheets of any language; guards before it are guarded in turn.
FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
PLAIN = re.compile(r"-?\d+(\.\d+)?")  # a number, which stays one
GUARDED_NUMBER = re.compile(r"'+\d[\d.,:/ -]*")
# A text that a spreadsheet is not to take for a number or a formula: ="00042", '00042, '=A1. 'Tis and '90s are others.
MARKED = re.compile(rf"""="([^"]*)"|'(?={FORMULA.pattern}|'*\d[\d.,:/ -]*\Z)(.*)""", re.DOTALL)


def guard(text: str) -> str:
    """Return a text for a cell of CSV, with an apostrophe before it if a spreadsheet would run it as a formula."""
    is_plain = PLAIN.fullmatch(text) is not None
    is_guarded = bool(FORMULA.match(text) and not is_plain or GUARDED_NUMBER.fullmatch(text))
    return f"'{text}" if is_guarded else text


def without_guard(text: str) -> str:
    """Return the text of a cell of CSV without the signs by which spreadsheets take it for nothing but a text."""
    marked = MARKED.fullmatch(text) if text.startswith(("=", "'")) else None
    return (marked[1] or marked[2] or "") if marked else text
