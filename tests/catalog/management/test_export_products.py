import pytest
from django.core.management import CommandError, call_command

from tests.factories import InteractionFactory

pytestmark = pytest.mark.django_db


def test_all_products_are_written(tmp_path, capsys):
    InteractionFactory()

    call_command("export_products", str(tmp_path / "file.csv"))

    assert capsys.readouterr().out == f"1 products in {tmp_path / 'file.csv'}\n"
    assert (tmp_path / "file.csv").read_text().startswith("sku,title,")
    with pytest.raises(CommandError, match="is expected"):
        call_command("export_products", str(tmp_path / "file.doc"))
