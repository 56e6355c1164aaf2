import json
from io import StringIO

import pytest
from django.core.management import call_command

from tests.factories import ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db


def exported(*options: str) -> str:
    out = StringIO()
    call_command("export_recommendations", *options, stdout=out)
    return out.getvalue()


def test_each_shopper_has_their_list():
    ProductFactory(sku="A")
    ProductFactory(sku="B")
    for key in ("ada", "bob"):
        ShopperFactory(key=key)

    rows = exported().splitlines()
    [first] = map(json.loads, exported("--format", "jsonl", "--limit", "1").splitlines()[:1])

    assert rows[0] == "user,rank,sku,score,strategy"
    assert [row.split(",")[:2] for row in rows[1:]] == [["ada", "1"], ["ada", "2"], ["bob", "1"], ["bob", "2"]]
    assert (first["user"], first["strategy"], len(exported("--limit", "1").splitlines())) == ("ada", "popular", 3)


def test_no_cell_is_a_formula():
    ProductFactory(sku="=A")
    ShopperFactory(key="=ada")

    assert [row.split(",")[:3] for row in exported().splitlines()[1:]] == [["'=ada", "1", "'=A"]]
