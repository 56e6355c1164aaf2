import pytest
from django.core.management import CommandError, call_command


def test_the_command_says_what_it_wrote_and_where(tmp_path, capsys):
    call_command("draw_catalog", tmp_path / "demo", products=14, shoppers=2)

    assert (tmp_path / "demo" / "products.csv").is_file()
    assert f"14 products and 2 shoppers in {tmp_path / 'demo'}" in capsys.readouterr().out


def test_a_folder_of_something_else_is_a_clear_error(tmp_path):
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")

    with pytest.raises(CommandError, match="holds no demo catalogue"):
        call_command("draw_catalog", tmp_path)
