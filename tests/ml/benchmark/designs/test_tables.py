from ml.benchmark.designs.tables import format_design_table

METRICS = {f"{figure}/eta 1": 0.5 for figure in ("realism", "liked", "judged", "liked above best real")}
PART = {"metrics": METRICS, "intervals": {"realism/eta 1": [0.4, 0.6]}}


def test_a_generator_has_a_table_of_all_and_of_each_category():
    result = {
        "method": "lsgan",
        **PART,
        "categories": {"hats": PART},
        "distances": {"random made": {"frechet": 12.34, "kernel": 0.056}},
        "nearest": {"eta 1": {"l1": 0.1, "least l1": 0.05, "copies": 0.0, "cosine": 0.3}},
        "tailoring": {"refused": 0.25, "curve": []},
        "seconds": {"train": 1.0},
        "warnings": ["a mode collapsed"],
    }
    document = {
        "data": {"pictures": {"hats": 50}, "left_out": {"bags": 3}},
        "scorer": "hybrid",
        "judge": "vbpr",
        "classifier": {"accuracy": 0.9},
        "results": [result],
    }

    lines = format_design_table(document).splitlines()

    assert lines[0] == "pictures: hats 50; too few: bags 3"
    assert "lsgan, all categories" in lines and "hats" in lines
    assert "random made 12.3 0.056" in [" ".join(line.split()) for line in lines]
    assert "tailoring refused: 25%" in lines and "lsgan: a mode collapsed" in lines
    (row, _) = (line.split() for line in lines if line.startswith("eta 1  ") and "±" in line)
    assert row[2:] == ["0.500", "0.500", "0.500", "±", "0.100", "0.500", "-"]
