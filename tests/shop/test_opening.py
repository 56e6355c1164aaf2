"""The shop opens before its models are trained, and nobody who looks at it meanwhile notices more than better lists."""

import pytest

pytestmark = pytest.mark.slow


def test_a_visitor_meets_no_error_while_models_are_trained_and_take_their_places(shop):
    assert {status for status, _ in shop.visits} == {200}
    methods = [method for _, method in shop.visits if method]
    assert methods[0] == "hog+histogram" and methods[-1] == "visrec"
    assert methods == sorted(methods)  # one switch


def test_then_the_trained_versions_serve_and_the_starters_are_gone(shop, staff):
    found = staff.get(f"{staff.api}/models/", timeout=30).json()["results"]

    assert {(version["method"], version["state"]) for version in found} >= {("visrec", "active"), ("hybrid", "active")}
    assert not {"hog+histogram", "popularity"} & {version["method"] for version in found}
    assert shop.get("/readyz").json()["training"] == []
