import pytest
from django.core.management import CommandError

from tests.catalog.importers.builders import HEADER, run_command, shop_table, write_csv

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("command", ["import_products", "import_interactions"])
@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_makes_no_sense(tmp_path, command, limit):
    with pytest.raises(CommandError, match=f"'{limit}' is not a whole number above 0"):
        run_command(command, shop_table(tmp_path), f"--limit={limit}")


@pytest.mark.parametrize("command", ["import_products", "import_interactions"])
def test_a_source_that_cannot_be_read_is_one_clear_error(tmp_path, command):
    with pytest.raises(CommandError, match="nowhere does not exist"):
        run_command(command, tmp_path / "nowhere")


def test_only_the_first_problems_are_printed_and_the_others_counted(tmp_path):
    rows = [[f"P{number}", "Title", "Shoes", "1", "no.jpg"] for number in range(53)]

    out, err = run_command("import_products", write_csv(tmp_path / "t.csv", rows, HEADER))

    assert out == "0 created, 0 updated, 0 unchanged, 53 failed\n"
    assert len(err.splitlines()) == 51
    assert err.splitlines()[49:] == ["t.csv line 51: no.jpg: there is no such file", "… and 3 more"]
