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
