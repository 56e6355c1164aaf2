import pytest

from catalog.models import Interaction, Shopper
from tests.catalog.importers.builders import run_command, write_csv
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
INTERACTIONS = ["user", "sku", "kind", "timestamp"]


def test_limit_and_dry_run_of_interactions(tmp_path):
    ProductFactory(sku="A")
    rows = [[user, "A", "like", "2026-01-02"] for user in ("u1", "u1", "u2")]
    file = write_csv(tmp_path / "t.csv", rows, INTERACTIONS)

    assert run_command("import_interactions", file, "--limit=2", "--dry-run") == (
        "1 accepted, 1 duplicates, 0 failed (dry run: nothing was written)\n",
        "Note: 1 row without an id has the user, product, kind and the same time of a row near before it: it counts"
        " once with it; give it a column id to count each\n",
    )
    assert not Interaction.objects.exists()
    assert not Shopper.objects.exists()


def test_import_interactions_ends_with_the_counts(tmp_path):
    ProductFactory(sku="A")
    rows = [["u1", "A", "like", "2026-01-02"], ["u1", "NOPE", "like", "2026-01-02"]]
    file = write_csv(tmp_path / "t.csv", rows, INTERACTIONS)

    out, err = run_command("import_interactions", file, "--simulated")

    assert out == "1 accepted, 0 duplicates, 1 failed\n"
    assert err == "t.csv line 3: There is no product 'NOPE'.\n"
    assert Interaction.objects.count() == 1
    assert Shopper.objects.get().is_simulated
