import pytest
from django.core.management import CommandError, call_command

from tests.factories import ProductFactory, VersionFactory

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_the_command_embeds_what_is_missing(shop, capsys):
    call_command("train", "pixels", verbosity=0)
    late = ProductFactory(image=50)

    call_command("embed", "--missing", verbosity=0)

    assert "1 images embedded, 21 in all" in capsys.readouterr().out
    assert late.embeddings.exists()
    with pytest.raises(CommandError, match="no version 999"):
        call_command("embed", "--version", "999")


def test_without_a_trained_version_there_is_nothing_to_embed_with(db):
    VersionFactory(state="training")

    with pytest.raises(CommandError, match="no trained version; see train --help"):
        call_command("embed")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"state": "failed"}, "is failed: train it first"),
        ({"state": "ready", "role": "design", "method": "lsgan"}, "generates images and embeds none"),
    ],
)
def test_a_version_that_cannot_embed_is_named_with_the_reason(fields, reason):
    version = VersionFactory(**fields)

    with pytest.raises(CommandError, match=rf"version {version.pk} \({version}\) {reason}"):
        call_command("embed", "--version", str(version.pk))
