import csv
import io
import itertools

import pytest

from catalog.errors import ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.csv_file import CsvFile
from catalog.importers.rows import Problem


@pytest.fixture
def opened(tmp_path):
    def open_csv(content: str | bytes, **options) -> CsvFile:
        (tmp_path / "t.csv").write_bytes(content.encode() if isinstance(content, str) else content)
        return CsvFile(Folder(tmp_path), "t.csv", **options)

    return open_csv


def test_each_record_comes_with_its_line(opened):
    table = opened('a,b\n1,2\n\n3,"4\n5"\n6,7\n')

    assert list(table) == [
        ("t.csv line 2", {"a": "1", "b": "2"}),
        ("t.csv lines 4-5", {"a": "3", "b": "4\n5"}),
        ("t.csv line 6", {"a": "6", "b": "7"}),
    ]
    assert len(table) == 3


def test_a_byte_order_mark_and_foreign_line_ends_do_no_harm(opened):
    table = opened(b"\xef\xbb\xbfa,b\r\n1, caf\xc3\xa9 \r\n")

    assert list(table) == [("t.csv line 2", {"a": "1", "b": "café"})]


def test_surplus_fields_belong_to_the_column_with_unquoted_commas(opened):
    table = opened("id,name,year\n1,Red, long, of wool,2011\n2,Blue,2012\n", overflow="name")

    assert [fields["name"] for _, fields in table] == ["Red, long, of wool", "Blue"]
    assert [fields["year"] for _, fields in table] == ["2011", "2012"]


def test_records_that_do_not_fit_are_problems_and_the_rest_is_read(opened):
    table = opened("a,b\n1\n1,2,3\n8,9\n" + f'1,"{"x" * 1_200_000}"\n' + '4,5\n6,"7\n8,9\n')

    assert list(table) == [
        Problem("t.csv line 2", "it has 1 fields, the header has 2"),
        Problem("t.csv line 3", "it has 3 fields, the header has 2"),
        ("t.csv line 4", {"a": "8", "b": "9"}),
        Problem("t.csv line 5", 'a quote (") is opened and not closed, or a field has over 1,000,000 characters'),
        ("t.csv line 6", {"a": "4", "b": "5"}),
        Problem("t.csv line 7", 'a quote (") is opened and not closed, or a field has over 1,000,000 characters'),
        ("t.csv line 8", {"a": "8", "b": "9"}),
    ]


def test_a_record_with_quotes_and_too_many_fields_is_told_as_one(opened):
    table = opened('a,b\n"1,5","2",3\n4,5\n')

    assert list(table) == [
        Problem("t.csv line 2", "it has 3 fields, the header has 2"),
        ("t.csv line 3", {"a": "4", "b": "5"}),
    ]


def test_short_records_may_lack_the_values_of_the_last_columns(opened):
    table = opened("a,b,c\n1\n1,2\n\n,,\n", may_be_short=True)

    assert [fields for _, fields in table] == [{"a": "1", "b": "", "c": ""}, {"a": "1", "b": "2", "c": ""}]


SAID = [("A-1", 'Red "5 inch" heel', "one\ntwo"), ("A-2", "Läufer; grün, |", "x"), ("A-3", "", "y")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("oddity", ["", "sep", "trailing", "blank", "stray"])
def test_every_dialect_says_the_same(opened, encoding, end, oddity):
    for separator, quoting in itertools.product(",;\t|", (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)):
        check_dialect(opened, separator, encoding, end, quoting, oddity)


def check_dialect(opened, separator, encoding, end, quoting, oddity):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)
    ends = ["", ""] if oddity == "trailing" else []
    writer.writerow(["sku", "title", "notes", *ends])
    if oddity == "blank":
        writer.writerow(["", "", ""])
        text.write(end)
    if oddity == "stray":
        text.write(separator.join(["B-1", '"A quote that nobody closes', "z"]) + end)
    rows = [(sku, title, notes.replace("\n", end)) for sku, title, notes in SAID]
    writer.writerows([*row, *ends] for row in rows)
    content = f"sep={separator}{end}" * (oddity == "sep") + text.getvalue()

    table = opened(content.encode(encoding))

    entries = list(table)
    problems = [entry for entry in entries if isinstance(entry, Problem)]
    assert [tuple(entry[1].values()) for entry in entries if not isinstance(entry, Problem)] == rows
    assert len(problems) == (oddity == "stray")
    assert bool(table.notes) == (encoding == "cp1252")


def test_rows_that_repeat_the_header_are_left_out_and_counted(opened):
    table = opened("a,b,\n1,2\n a ,b\na,c\n", may_be_short=True)

    assert [fields for _, fields in table] == [{"a": "1", "b": "2"}, {"a": "a", "b": "c"}]
    assert table.notes == ["1 row repeats the header: left out"]


@pytest.mark.parametrize("title", ["Export of 2026;;\n;;\n", "# Required | Optional,# Required\n", "Shop\n\n"])
def test_a_header_may_stand_below_a_title(opened, title):
    table = opened(f"{title}sku;title;price\nA;One;5\n")

    assert [fields for _, fields in table] == [{"sku": "A", "title": "One", "price": "5"}]
    assert table.notes == [f"t.csv: the header is line {title.count(chr(10)) + 1}"]


def test_quotes_after_backslashes_are_those_of_a_value(opened):
    table = opened('a,b\n"5\\" wide, red","x"\n"C:\\","y"\n"two\n\\"lines\\"","z"\n')

    assert [tuple(fields.values()) for _, fields in table] == [
        ('5" wide, red', "x"), ("C:\\", "y"), ('two\n"lines"', "z"),
    ]  # fmt: skip


def test_columns_of_further_images_may_have_one_name(opened):
    table = opened("id,additional_image_link,additional_image_link\n1,a.jpg,b.jpg\n")

    assert table.columns == ["id", "additional_image_link", "additional_image_link (2)"]


def test_missing_columns_are_named(opened):
    with pytest.raises(ImportFailed, match=r"t\.csv lacks: c, d; its columns are a, b"):
        opened("a,b\n").require(["a", "c", "d"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"a,b,a\n", "has twice: a"),
        (b"a,b\n1,\xc3\xa9\n1,caf\xe9\n", "is not UTF-8: line 3 has the byte 0xe9; save it as UTF-8, then import it"),
        (b"a,\xc3\xa9\n" + 5000 * b'1,"\n2"\n' + b"1,caf\xe9\n", "is not UTF-8: line 10002 has the byte 0xe9"),
        (b"a,b\r1,\xc3\xa9\r1,caf\xe9\r", "is not UTF-8: line 3 has"),
        (b"a,b\n1,\x81\n", "is not UTF-8: line 2 has the byte 0x81"),
        ("a,b\n1,Красные\n".encode("cp1251"), "is neither UTF-8 nor of a western language; save it as UTF-8"),
        (b"\0\1,\0\2\n", "is no text: export CSV, .xlsx, JSON or XML"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "cannot be read as UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_at_all(opened, content, reason):
    with pytest.raises(ImportFailed, match=reason):
        len(opened(content))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ImportFailed, match=r"t\.csv does not exist"):
        CsvFile(Folder(tmp_path), "t.csv")


RUSSIAN = "Артикул;Наименование;Категория;Цена;Изображение\nА-1;Платье;Платья;990;1.jpg\n"
POLISH = "Kod produktu;Nazwa;Kategoria;Cena;Zdjęcie\nA-1;Żółta sukienka;Suknie;99;1.jpg\n"
JAPANESE = "商品コード,商品名,カテゴリ,価格,画像\nA-1,赤いドレス,ドレス,980,1.jpg\n"
TURKISH = "Stok Kodu;Ürün Adı;Kategori;Satış Fiyatı;Resim\nA-1;Kırmızı;Elbise;99;1.jpg\n"


@pytest.mark.parametrize(
    ("text", "encoding", "note"),
    [
        (RUSSIAN, "cp1251", "Windows-1251 (Cyrillic)"),
        (RUSSIAN, "koi8_r", "KOI8-R"),
        (POLISH, "cp1250", "Windows-1250 (Central Europe)"),
        (TURKISH, "cp1254", "Windows-1254 (Turkish)"),
        (JAPANESE, "cp932", "Shift JIS"),
    ],
)
def test_an_encoding_is_told_by_the_names_of_the_columns(tmp_path, text, encoding, note):
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    table = CsvFile(Folder(tmp_path), "t.csv")

    assert [list(fields.values())[1] for _, fields in table] == [
        text.split("\n")[1].split(";" if ";" in text else ",")[1]
    ]
    assert table.notes == [f"t.csv is not UTF-8; it was read as {note}"]


def test_single_quotes_may_stand_for_double_ones(tmp_path):
    (tmp_path / "t.csv").write_text("'sku','title'\n'A','One, \"two\"'\n'B','it''s'\n")

    assert [fields for _, fields in CsvFile(Folder(tmp_path), "t.csv")] == [
        {"sku": "A", "title": 'One, "two"'}, {"sku": "B", "title": "it's"},
    ]  # fmt: skip


@pytest.mark.parametrize("separator", "^~\x01")
def test_further_separators_are_known(tmp_path, separator):
    (tmp_path / "t.txt").write_text(f"sku{separator}title{separator}price\nA{separator}One, two{separator}5\n")

    assert [fields for _, fields in CsvFile(Folder(tmp_path), "t.txt")] == [
        {"sku": "A", "title": "One, two", "price": "5"}
    ]
