import pytest

from catalog.importers.encodings import encoding_by_header, wide_of


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("sku,title".encode("utf-32"), "utf-32"),
        ("sku,title".encode("utf-16"), "utf-16"),
        ("sku,title".encode("utf-16-be"), "utf-16-be"),
        (b"sku,title", ""),
    ],
)
def test_wide_encodings_are_told_by_their_marks_or_zeros(start, name):
    assert wide_of(start) == name


@pytest.mark.parametrize(
    ("header", "encoding", "found"),
    [
        ("Référence;Désignation;Catégorie;Prix;Photo", "cp1252", "cp1252"),
        ("Référence;Désignation;Catégorie;Prix;Photo", "mac_roman", "mac_roman"),
        ("артикул;название;категория;цена", "cp1251", "cp1251"),
        ("sku;title;category;price;Größe", "cp1252", ""),  # whose known names are ASCII
        ("été;hiver", "cp1252", ""),
    ],
)
def test_an_encoding_is_the_one_in_which_most_columns_are_known(header, encoding, found):
    assert encoding_by_header(f"{header}\n1;2\n".encode(encoding)) == found
