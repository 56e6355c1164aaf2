import pytest
from django.core.management import CommandError, call_command

from catalog.models import Product
from tests.factories import ProductFactory


def test_the_command_says_of_when_the_shop_is(go_to_empty_shop, tmp_path, capsys):
    product = ProductFactory()
    call_command("backup", tmp_path / "shop.tar")
    with pytest.raises(CommandError, match="a backup is restored into an empty one"):
        call_command("restore", tmp_path / "shop.tar")
    go_to_empty_shop()

    call_command("restore", tmp_path / "shop.tar")

    assert "restored the shop as it was at 2" in capsys.readouterr().out
    assert Product.objects.get() == product
