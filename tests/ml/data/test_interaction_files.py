import numpy as np
import pytest

from ml.data.interaction_files import read_interaction_file
from ml.errors import BadData
from tests.ml.worlds import write_table, write_toy_image

HEADER = ["user", "item", "timestamp", "value"]


def shop(folder, rows, header=HEADER, pictures=3):
    for n in range(pictures):
        write_toy_image(folder / "images" / f"i{n}.{'png' if n else 'jpeg'}", n % 2, n)
    write_table(folder / "interactions.csv", header, rows)
    return folder


def test_items_are_all_that_have_a_picture(tmp_path):
    journal = read_interaction_file(shop(tmp_path, [["b", "i1", 5, 3.5], ["a", "i0", 6, 1]]))

    assert (journal.users, journal.items) == (["a", "b"], ["i0", "i1", "i2"])
    assert journal.interactions.users.tolist() == [1, 0]
    assert journal.interactions.items.tolist() == [1, 0]
    assert journal.interactions.values.tolist() == [3.5, 1]
    assert journal.interactions.n_items == 3


def test_a_shops_export_works_as_it_is(tmp_path):
    rows = [
        ["a", "i1", "view", "2026-01-01T00:01:00+00:00", "e1"],
        ["a", "i2", "purchase", "2026-01-01T00:00:00Z", "e2"],
        ["a", "i0", "dislike", "2026-01-02", "e3"],
    ]

    journal = read_interaction_file(shop(tmp_path, rows, header=["user", "sku", "kind", "timestamp", "id"]))

    assert journal.interactions.items.tolist() == [1, 2]  # what is disliked was not taken
    assert np.diff(journal.interactions.timestamps).tolist() == [-60]


def test_a_bad_row_is_named_and_passed_over(tmp_path, capsys):
    rows = [["a", "i0", 1, 1], ["a", "i9", 2, 1], ["", "i1", 3, 1], ["b", "i1", "yesterday", 1]]

    journal = read_interaction_file(shop(tmp_path, rows))

    said = capsys.readouterr().err
    assert (len(journal.interactions), journal.failed) == (1, 3)
    assert "interactions.csv, line 3: item i9 has no picture" in said
    assert "line 4: no user or no item" in said and "line 5: Invalid isoformat" in said


def test_times_of_mixed_units_are_seconds_and_what_is_no_number_is_refused(tmp_path, capsys):
    rows = [
        ["a", "i0", 1_700_000_000_000, 1],
        ["a", "i1", 1_700_000_060, 1],
        ["a", "i2", "nan", 1],
        ["b", "i2", 5, "inf"],
    ]

    journal = read_interaction_file(shop(tmp_path, rows))

    said = capsys.readouterr().err
    assert np.diff(journal.interactions.timestamps).tolist() == [60] and journal.failed == 2
    assert "line 4: nan is no time" in said and "line 5: value inf is no number" in said


def test_only_high_ratings_are_positive(tmp_path):
    shop(tmp_path, [["a", "i0", 1, 3.5], ["a", "i1", 2, 4], ["b", "i2", 3, 5], ["b", "i0", 3, ""]])

    journal = read_interaction_file(tmp_path, positive=4)

    assert journal.interactions.items.tolist() == [1, 2] and journal.failed == 0
    assert journal.items == ["i0", "i1", "i2"]  # also what nobody liked can be recommended


def test_without_ratings_none_can_be_chosen_by_them(tmp_path):
    with pytest.raises(BadData, match="no column value, so that none of 4 or more can be chosen"):
        read_interaction_file(shop(tmp_path, [["a", "i0", 1]], header=["user", "item", "timestamp"]), positive=4)


def test_a_split_at_a_moment_goes_before_a_published_one(tmp_path):
    rows = [["a", "i0", "train", 1], ["a", "i1", "test", 2], ["a", "i2", "train", 3], ["b", "i0", "train", 3]]
    journal = read_interaction_file(shop(tmp_path, rows, header=["user", "item", "split", "timestamp"]))

    assert journal.split(moment=3).test.items.tolist() == [2] and journal.split().test.items.tolist() == [1]
    with pytest.raises(BadData, match="no user has taken one item before that time and a new one after it"):
        journal.split(moment=4)


def test_an_item_whose_picture_cannot_be_read_leaves_with_its_interactions(tmp_path, capsys):
    shop(tmp_path, [["a", "i0", 1, 1], ["a", "i1", 2, 1], ["a", "i2", 3, 1]])
    (tmp_path / "images" / "i1.png").write_text("not a picture")

    journal, images = read_interaction_file(tmp_path).decode((16, 16))

    assert journal.items == ["i0", "i2"] and len(images) == 2 and journal.failed == 1
    assert journal.interactions.items.tolist() == [0, 1]
    assert "i1.png: not a picture" in capsys.readouterr().err


def test_without_pictures_items_are_what_was_taken(tmp_path):
    journal = read_interaction_file(shop(tmp_path, [["a", "x", 1, 1], ["a", "y", 2, 1]], pictures=0))

    assert journal.items == ["x", "y"] and journal.sources is None
    with pytest.raises(BadData, match="no pictures of the items"):
        journal.decode((16, 16))


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        (["user", "item"], [["a", "i0"]], "lacks the column timestamp"),
        (["who", "sku", "timestamp"], [["a", "i0", 1]], "lacks the column user"),
        (HEADER, [], "has no row that can be used"),
    ],
)
def test_a_table_that_will_not_do_says_why(tmp_path, header, rows, message):
    with pytest.raises(BadData, match=message):
        read_interaction_file(shop(tmp_path, rows, header=header))


def test_a_folder_without_interactions_says_so(tmp_path):
    with pytest.raises(BadData, match="there is no interactions.csv in it"):
        read_interaction_file(tmp_path)


@pytest.mark.parametrize("name", ["items.csv", "products.csv"])
def test_the_categories_of_items_come_from_a_table_beside(tmp_path, capsys, name):
    shop(tmp_path, [["a", "i0", 1, 1], ["a", "i1", 2, 1], ["a", "i2", 3, 1]])
    write_table(tmp_path / name, ["sku", "category"], [["i2", "boots"], ["i1", ""], ["i9", "hats"], ["i0", "tops"]])
    (tmp_path / "images" / "i1.png").write_text("not a picture")

    journal = read_interaction_file(tmp_path)

    assert journal.categories.tolist() == [1, -1, 0]
    assert journal.decode((16, 16))[0].categories.tolist() == [1, 0]
    assert "i1.png" in capsys.readouterr().err


def test_without_that_table_no_category_is_known(tmp_path):
    assert read_interaction_file(shop(tmp_path, [["a", "i0", 1, 1]])).categories is None


def test_a_table_of_categories_says_of_which_items(tmp_path):
    shop(tmp_path, [["a", "i0", 1, 1]])
    write_table(tmp_path / "items.csv", ["name", "category"], [["i0", "boots"]])

    with pytest.raises(BadData, match="items.csv lacks the column item"):
        read_interaction_file(tmp_path)


def divided(folder, rows):
    return read_interaction_file(shop(folder, rows, header=["user", "item", "timestamp", "split"]))


def test_a_column_split_says_what_is_held_out(tmp_path, capsys):
    rows = [["a", "i0", 9, "train"], ["a", "i1", 1, "test"], ["a", "i2", 2, "val"], ["b", "i1", 3, "later"]]

    split = divided(tmp_path, rows).split()

    assert [part.items.tolist() for part in (split.train, split.validation, split.test)] == [[0], [2], [1]]
    assert "line 5: split 'later'; it takes one of: train, validation, val, test" in capsys.readouterr().err


def test_without_it_the_last_items_are_held_out(tmp_path):
    journal = read_interaction_file(shop(tmp_path, [["a", "i0", 9, 1], ["a", "i1", 1, 1], ["a", "i2", 2, 1]]))

    assert journal.parts is None and journal.split().test.items.tolist() == [0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["a", "i0", 1, "train"]], "no row whose split is test"),
        ([["a", "i0", 1, "test"], ["b", "i0", 1, "test"], ["b", "i1", 2, "test"]], "user b has 2 items held out"),
    ],
)
def test_a_division_that_will_not_do_says_why(tmp_path, rows, message):
    with pytest.raises(BadData, match=message):
        divided(tmp_path, rows).split()


def test_the_division_goes_with_the_pictures_that_can_be_read(tmp_path, capsys):
    journal = divided(tmp_path, [["a", "i0", 1, "train"], ["a", "i1", 2, "validation"], ["a", "i2", 3, "test"]])
    (tmp_path / "images" / "i1.png").write_text("not a picture")

    split = journal.decode((16, 16))[0].split()

    assert (len(split.train), len(split.validation), len(split.test)) == (1, 0, 1)
    assert "i1.png" in capsys.readouterr().err


def test_texts_are_the_words_of_the_table_of_items(tmp_path):
    rows = [["a", "i1", 5, 1], ["a", "i0", 6, 1]]
    folder = shop(tmp_path, rows)
    header = ["sku", "title", "category", "price", "image", "colour"]
    write_table(folder / "products.csv", header, [["i1", "Red boots", "Boots", "9.90", "i1.png", "red"], ["i0", "Bag"]])

    journal = read_interaction_file(folder)

    assert journal.texts == ["Bag", "Red boots Boots red", ""]
    assert read_interaction_file(shop(tmp_path / "other", rows)).texts is None


def test_texts_stay_with_their_items_where_an_image_cannot_be_read(tmp_path):
    folder = shop(tmp_path, [["a", "i0", 5, 1], ["a", "i2", 6, 1]])
    write_table(folder / "items.csv", ["item", "title"], [["i0", "first"], ["i1", "second"], ["i2", "third"]])
    (folder / "images" / "i1.png").write_text("no picture")

    journal, _ = read_interaction_file(folder).decode((8, 8))

    assert journal.texts == ["first", "third"]
