from catalog.importers.wording import counted


def test_the_words_agree_with_their_number():
    words = [counted(number, "row was left out", "rows were left out") for number in (0, 1, 2)]

    assert words == ["0 rows were left out", "1 row was left out", "2 rows were left out"]
