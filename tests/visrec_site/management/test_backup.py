import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from tests.factories import ProductFactory


@pytest.mark.django_db(transaction=True)
def test_the_command_counts_what_it_has_saved_and_names_what_is_lost(tmp_path, capsys):
    ProductFactory()
    default_storage.delete(ProductFactory().images.get().file.name)
    call_command("backup", tmp_path / "shop.tar")

    printed = capsys.readouterr()
    assert printed.out.startswith(f"{tmp_path}/shop.tar: 1 files and the database, 0.")
    assert "1 files are missing in the shop itself, such as media/products/" in printed.err
    with pytest.raises(CommandError, match="shop.tar exists"):
        call_command("backup", tmp_path / "shop.tar")
