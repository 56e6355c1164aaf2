from ml.evaluation.baselines import list_shortfalls


def test_what_does_not_beat_a_floor_is_named_with_its_figures():
    metrics = {
        "pixels": {"precision@5/type": 0.5, "map/type": 0.9},
        "hog": {"precision@5/type": 0.7, "map/type": 0.9},
        "vae": {"precision@5/type": 0.6, "map/type": 0.1},
        "visrec": {"precision@5/type": 0.7001, "map/type": 0.1},
    }

    assert list_shortfalls(metrics) == ["vae: precision@5/type 0.600 is below the baseline hog (0.700)"]


def test_floors_that_were_not_run_are_no_floors():
    assert list_shortfalls({"vae": {"precision@5/type": 0.1}, "age": {"precision@5/type": 0.9}}) == []
