import pytest

from catalog.importers.mending import without_mojibake


@pytest.mark.parametrize("text", ["Größe", "Café crème", "5,00 €", "’tis", "Łódź", "Платье", "絹"])
def test_what_was_encoded_twice_is_read_as_it_was_meant(text):
    try:
        spoilt = text.encode().decode("cp1252")
    except UnicodeDecodeError:
        spoilt = text.encode().decode("latin-1")

    assert without_mojibake(spoilt) == text


@pytest.mark.parametrize("text", ["Größe", "Café", "São", "Â", "€ 5", "Łódź", "絹", "", "plain", "Ã la carte"])
def test_what_was_not_stays(text):
    assert without_mojibake(text) == text
