from recommender.admin import measures
from recommender.admin.measures import Measure

METRICS = {
    "hr@10": 0.123456,
    "auc": 0.78125,
    "shoppers": 60,
    "losses": [{"epoch": 1, "all": 0.7}],
    "intervals": {"auc": [0.75, 0.8]},
}


def test_measures_stand_beside_their_intervals():
    assert measures.table(METRICS) == [
        Measure("auc", "0.7812", "0.75 to 0.8"),
        Measure("hr@10", "0.1235", ""),
        Measure("shoppers", "60", ""),
    ]


def test_the_headline_is_what_a_version_is_judged_by():
    assert measures.headline(METRICS) == "auc 0.7812"
    assert measures.headline({"variance kept": 0.9}) == "variance kept 0.9"
    assert measures.headline({}) == ""


def test_what_went_wrong_is_told_in_its_own_words():
    assert measures.table({"warnings": ["it collapsed", "it is late"]}) == [
        Measure("warnings", "it collapsed; it is late", "")
    ]
