from ml.benchmark import tables


def test_the_first_column_is_aligned_to_the_left_and_the_others_to_the_right():
    assert tables.align([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc   d"


def test_a_figure_has_half_its_interval():
    assert tables.format_figure(None) == "-"
    assert tables.format_figure(0.12345) == "0.123"
    assert tables.format_figure(0.5, (0.4, 0.7)) == "0.500 ± 0.150"


def test_a_table_has_a_column_for_the_random_baseline_and_each_method():
    document = {
        "chance": {"metrics": {"precision@5/kind": 0.5}},
        "results": [
            {
                "method": "hog",
                "metrics": {"precision@5/kind": 0.75},
                "intervals": {"precision@5/kind": [0.7, 0.8]},
                "seconds": {"train": 2.4},
                "warnings": ["it diverged"],
            }
        ],
        "below_floors": ["hog: too low"],
        "not_run": {"vae": "no weights"},
    }

    lines = tables.format_retrieval_table(document).splitlines()

    assert [line.split("  ")[0] for line in lines[:3]] == ["method", "precision@5/kind", "seconds trained"]
    assert lines[1].split() == ["precision@5/kind", "0.500", "0.750", "±", "0.050"]
    assert lines[3:6] == ["hog: too low", "hog: it diverged", "vae: not run: no weights"]


def test_speeds_without_a_measurement_are_dashes():
    speeds = [{"method": "bpr-mf", "loop": None}]

    assert tables.format_personal_speed_table(speeds).splitlines()[1].split() == ["bpr-mf", *["-"] * 6]


def test_classes_are_listed_unless_they_are_too_many_to_read():
    few = {"by_class": {"kind": {"boots": 0.75, "flats": 0.5}}}
    many = {"by_class": {"kind": {f"class {number}": 0.5 for number in range(31)}}}

    (listed,) = tables._format_classes("kind", [few | {"method": "hog"}, {"method": "pixels"}])

    assert listed.splitlines()[0] == "precision@5 of each kind"
    assert [line.split() for line in listed.splitlines()[1:]] == [
        ["hog", "pixels"],
        ["boots", "0.750", "-"],
        ["flats", "0.500", "-"],
    ]
    assert list(tables._format_classes("kind", [many | {"method": "hog"}])) == []
