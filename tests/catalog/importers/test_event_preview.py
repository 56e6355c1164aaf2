import pytest

from catalog.errors import ImportFailed
from catalog.importers.event_preview import estimate_event_mapping, read_event_preview
from catalog.importers.preview import lines_of
from catalog.models import Interaction
from tests.catalog.importers.builders import run_command
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
EVENTS = """\
Wer;Artikel;action;when;session_id;Filiale
ada;A-1;Purchase;2026-01-02T10:00:00+01:00;;3
;V-1;view;2026-01-02;guest-7;3
ada;nothing;view;2026-01-02;;3
ada;A-1;looked at;2026-01-02;;3
"""
CHOSEN = {"Wer": "user", "artikel": "sku", "when": "timestamp"}


@pytest.fixture
def file(tmp_path):
    ProductFactory(sku="A-1", title="Red boots", attributes={"Variant SKU": "V-1, V-2"})
    (tmp_path / "events.csv").write_text(EVENTS)
    return tmp_path / "events.csv"


def test_columns_and_the_first_interactions_are_shown_and_nothing_is_written(file):
    lines = lines_of(read_event_preview(file, CHOSEN, None))

    assert lines[:11] == [
        "Wer -> user", "Artikel -> sku", "action -> kind", "when -> timestamp", "session_id -> session",
        "Filiale -> left out", "The first 4 of 4:",
        "ada | purchase | A-1 Red boots | 2026-01-02 09:00:00 UTC",
        "guest guest-7 | view | A-1 Red boots | 2026-01-02 00:00:00 UTC",
        "events.csv line 4: There is no product 'nothing'.",
        "events.csv line 5: kind: 'looked at' is none of view, click, like, dislike, cart, purchase",
    ]  # fmt: skip
    assert not Interaction.objects.exists()


def test_a_time_in_the_future_is_marked_as_an_import_refuses_it(file):
    file.write_text("user,sku,kind,timestamp\nada,A-1,view,2099-01-02T10:00:00Z\n")

    assert lines_of(read_event_preview(file, {}, None))[-1] == (
        "events.csv line 2: timestamp: 2099-01-02 10:00:00 UTC is in the future."
    )


def test_the_command_shows_the_same_and_takes_columns(file):
    choices = [f"--set={column}={field}" for column, field in CHOSEN.items()]

    assert "Artikel -> sku" in run_command("import_interactions", file, "--preview", *choices)[0]
    assert run_command("import_interactions", file, *choices)[0] == "2 accepted, 0 duplicates, 2 failed\n"


def test_of_a_file_that_lacks_columns_the_others_are_known(file):
    with pytest.raises(ImportFailed, match="lacks: sku, timestamp"):
        read_event_preview(file, {}, None)

    assert estimate_event_mapping(file, {"Wer": "user", "action": "ignore"}) == [
        ("Wer", "user"), ("Artikel", "left out"), ("action", "left out"), ("when", "left out"),
        ("session_id", "session"), ("Filiale", "left out"),
    ]  # fmt: skip


def test_ratings_are_shown_as_what_they_count_for(file):
    file.write_text("user,sku,timestamp,stars\nada,A-1,2026-01-02,5\nada,A-1,2026-01-03,1\n")

    found = read_event_preview(file, {}, 4)

    assert found.mapping[-1] == ("stars", "rating")
    assert lines_of(found)[5:6] == ["ada | like | A-1 Red boots | 2026-01-02 00:00:00 UTC"]
