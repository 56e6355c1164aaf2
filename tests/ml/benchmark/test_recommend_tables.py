from ml.benchmark.recommend_tables import format_ranking_table


def result(method: str, auc: float, **more: object) -> dict:
    figures = {"metrics": {"auc": auc}, "intervals": {"auc": [auc - 0.1, auc + 0.1]}}
    return {
        "method": method,
        **figures,
        "seconds": {"train": 3.2},
        "epochs": 4,
        "warnings": [],
        "by_takers": {},
        "by_age": {},
        **more,
    }


def document(**more: object) -> dict:
    return {
        "data": {"simulated": False},
        "chance": {"metrics": {"auc": 0.5}, "intervals": {"auc": [0.4, 0.6]}},
        "results": [result("vbpr", 0.7)],
        "not_run": {},
        "published": [],
        **more,
    }


def test_the_random_baseline_stands_above_the_methods():
    lines = format_ranking_table(document()).splitlines()

    assert [line.split()[0] for line in lines] == ["method", "chance", "vbpr"]
    assert lines[2].split() == ["vbpr", "0.700", "±", "0.100", "3"]


def test_differences_are_signed():
    against = {"method": "bpr-mf", "metrics": {"auc": 0.05}, "intervals": {"auc": [-0.01, 0.11]}}

    lines = format_ranking_table(document(results=[result("vbpr", 0.7, against=against)])).splitlines()

    assert lines[-2].split() == ["ahead", "of", "bpr-mf", "vbpr"]
    assert lines[-1].split() == ["auc", "+.050", "[-.010,", "+.110]"]


def test_simulated_users_published_figures_and_missing_methods_are_named():
    claim = {"method": "dvbpr", "metric": "auc", "value": 0.79, "source": "a paper"}

    text = format_ranking_table(document(data={"simulated": True}, published=[claim], not_run={"vbpr": "no images"}))

    assert text.startswith("simulated shoppers")
    assert "vbpr: not run: no images" in text
    assert "dvbpr" in text and "* published" in text


def test_groups_that_have_users_stand_side_by_side_and_differences_below():
    def groups(first: float) -> dict:
        found = {"metrics": {"auc": first}, "intervals": {"auc": [first - 0.1, first + 0.1]}}
        return {
            "0-6": {"users": 3, **found},
            "7-29": {"users": 0, "metrics": {}, "intervals": {}},
            "90+": {"users": 4, "metrics": {}, "intervals": {}},
        }

    against = {"method": "popularity", "metrics": {}, "intervals": {}, "by_takers": {}, "by_age": groups(0.2)}
    results = [result("popularity", 0.6, by_age=groups(0.5)), result("vbpr", 0.7, by_age=groups(0.7), against=against)]

    lines = [line.split() for line in format_ranking_table(document(results=results)).splitlines()]

    begin = lines.index(["auc", "by", "age", "in", "days", "0-6", "90+"])
    assert lines[begin + 1 : begin + 3] == [["users", "3", "4"], ["popularity", "0.500", "±", "0.100", "-"]]
    assert lines[begin + 4] == ["vbpr", "ahead", "of", "popularity", "+.200", "[+.100,", "+.300]"]
