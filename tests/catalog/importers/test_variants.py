from catalog.importers.layouts import Layout
from catalog.importers.rows import Problem
from catalog.importers.variants import Families, group_following, pairs_of, variant_keys

BAD = Problem("t line 9", "bad")


def skus(groups) -> list:
    return [group if isinstance(group, Problem) else [fields["sku"] for _, fields in group] for group in groups]


def records(*rows, columns):
    return [row if isinstance(row, Problem) else ("line", dict(zip(columns, row, strict=True))) for row in rows]


def test_rows_go_on_with_the_product_before_if_they_differ_and_have_no_other_title():
    rows = records(
        ["A", "One", "40"], ["A", "", "41"], BAD, ["A", "", "42"], ["A", "", "42"], ["A", "Two", "43"], ["", "", ""],
        columns=["sku", "title", "size"],
    )  # fmt: skip

    assert skus(group_following(iter(rows), "sku", "title")) == [["A", "A"], BAD, ["A"], ["A"], ["A"], [""]]


def test_rows_without_what_only_a_first_row_has_go_on_with_the_product_before():
    columns = ["sku", "title", "size"]
    rows = records(["A", "One", "40"], ["", "", "41"], BAD, ["", "", "42"], ["A", "", "43"], columns=columns)

    assert skus(group_following(iter(rows), "sku", "title", ["sku", "title"])) == [["A", ""], BAD, [""], ["A"]]


def test_variants_are_found_wherever_they_stand_and_orphans_stay_products():
    layout = Layout("x", frozenset(), {}, parent="parent")
    columns = ["sku", "id", "parent"]
    rows = records(
        ["A-1", "3", "A"], ["A", "1", ""], BAD, ["B", "2", ""], ["B-1", "4", "id:2"], ["C-1", "5", "C"],
        ["A-2", "6", "A"], ["D", "7", "D"],
        columns=columns,
    )  # fmt: skip
    families = Families(layout, {name: name for name in columns})

    assert skus(families.group(lambda: iter(rows))) == [["A", "A-1", "A-2"], BAD, ["B", "B-1"], ["C-1"], ["D"]]


def test_variants_that_a_product_names_and_translations_are_one_with_it():
    layout = Layout("x", frozenset(), {}, children="variations", translated="language")
    columns = ["sku", "variations", "language"]
    rows = records(
        ["A-1", "", ""], ["A", "sku=A-1,size=1|sku=A-2,size=2", ""], ["A", "", "de"], ["A-2", "", ""], ["A-3", "", ""],
        columns=columns,
    )  # fmt: skip
    families = Families(layout, {name: name for name in columns})

    assert skus(families.group(lambda: iter(rows))) == [["A", "A-1", "A-2"], ["A-3"]]


def test_variants_of_variants_are_told():
    layout = Layout("x", frozenset(), {}, parent="parent")
    columns = ["sku", "id", "parent"]
    rows = records(["A", "1", "B"], ["B", "2", "A"], ["C", "3", ""], columns=columns)
    families = Families(layout, {name: name for name in columns})

    assert skus(families.group(lambda: iter(rows))) == [
        ["C"],
        Problem("line", "it is a variant of B, which is itself a variant of another product"),
        Problem("line", "it is a variant of A, which is itself a variant of another product"),
    ]


def test_pairs_may_have_commas_in_their_values():
    assert pairs_of("a=1,b=x, y,c=", "=") == [("a", "1"), ("b", "x, y")]
    assert variant_keys("sku=A,size=1|size=2|sku=B") == ["A", "B"]
    assert variant_keys("id=1|id=2") == ["id:1", "id:2"]
