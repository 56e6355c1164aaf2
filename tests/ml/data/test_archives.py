import zipfile

import pytest

from ml.data.archives import Files
from ml.errors import BadData


def test_a_csv_stands_for_its_folder_without_the_other_csvs(tmp_path):
    for name in ("one.csv", "other.csv", "images/1.jpg", "images/2.PNG", ".hidden/3.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"a\n1\n")

    files = Files(tmp_path / "one.csv")

    assert sorted(files.by_name) == ["images/1.jpg", "images/2.PNG", "one.csv"]
    assert sorted(files.images) == ["images/1.jpg", "images/2.PNG"]


def test_a_file_is_found_in_the_topmost_folder_that_has_it(tmp_path):
    for name in ("a/b/c/items.csv", "a/items.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert Files(tmp_path).find("items.csv") == "a/items.csv"
    assert Files(tmp_path).find("none.csv") is None


def test_a_table_has_the_lines_on_which_rows_end(tmp_path):
    (tmp_path / "t.csv").write_bytes(b'\xef\xbb\xbfa,b\n1," 2 "\n"x\ny",3,surplus\n')

    table = Files(tmp_path).read_table("t.csv")

    assert (table.columns, table.lines) == (["a", "b"], [2, 4])
    assert table.rows == [{"a": "1", "b": "2"}, {"a": "x\ny", "b": "3"}]


def test_a_member_has_another_stamp_when_its_bytes_change(tmp_path):
    stamps = []
    for content in (b"one", b"two", b"one"):
        with zipfile.ZipFile(tmp_path / "z.zip", "w") as writer:
            writer.writestr("a.jpg", content)
        stamps.append(Files(tmp_path / "z.zip").by_name["a.jpg"].stamp)

    assert stamps[0] == stamps[2] != stamps[1]


def test_a_damaged_member_is_an_os_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as writer:
        writer.writestr("a.jpg", b"content")
    (tmp_path / "z.zip").write_bytes((tmp_path / "z.zip").read_bytes().replace(b"content", b"c0ntent"))

    with pytest.raises(OSError, match="Bad CRC-32"):
        Files(tmp_path / "z.zip").by_name["a.jpg"].read_bytes()


def test_a_path_of_another_kind_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("no zip")

    with pytest.raises(BadData, match="neither a folder, nor a zip"):
        Files(tmp_path / "note.txt")
    with pytest.raises(BadData, match="does not exist"):
        Files(tmp_path / "nowhere")
