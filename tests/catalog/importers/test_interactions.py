import json
from datetime import UTC, datetime

import pytest

from catalog.errors import ImportFailed
from catalog.importers import InteractionReport, import_interactions
from catalog.models import Interaction, Shopper
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def product():
    return ProductFactory(sku="A")


@pytest.fixture
def imported(tmp_path):
    def write_and_import(*lines, name="t.csv", **options):
        header = ["user,sku,kind,timestamp,id"] if name == "t.csv" else []
        (tmp_path / name).write_text("\n".join([*header, *lines]), encoding="utf-8")
        return import_interactions(tmp_path / name, **options)

    return write_and_import


def counts(report):
    return report.accepted, report.duplicates, report.failed


@pytest.mark.parametrize(
    "timestamp", ["2026-01-02T12:00:00Z", "2026-01-02 13:00:00+01:00", "2026-01-02T12:00", "1767355200", "1767355200.0"]
)
def test_a_row_becomes_an_interaction(imported, product, timestamp):
    report = imported(f"u1,A,like,{timestamp},e1")

    stored = Interaction.objects.get()
    assert counts(report) == (1, 0, 0)
    assert (stored.shopper.key, stored.product, stored.kind, stored.event_id) == ("u1", product, "like", "e1")
    assert stored.occurred_at == NOON
    assert stored.shopper.is_simulated is False


def test_json_lines_are_known_by_their_content(imported):
    lines = [
        json.dumps({"user": 7, "sku": "A", "kind": "view", "timestamp": 1767355200, "id": None}),
        "",
        json.dumps({"user": "ü", "sku": "A", "kind": "cart", "timestamp": "2026-01-02T12:00:00Z", "id": "e"}),
    ]

    report = imported(*lines, name="events.txt")

    assert counts(report) == (2, 0, 0)
    assert set(Shopper.objects.values_list("key", flat=True)) == {"7", "ü"}
    assert list(Interaction.objects.values_list("occurred_at", flat=True)) == [NOON, NOON]


def test_a_second_import_changes_nothing_with_ids_or_without(imported):
    rows = ["u1,A,like,2026-01-02T12:00:00Z,e1", "u1,A,view,2026-01-02T12:00:00Z,", "u2,A,view,1767355200,"]
    imported(*rows)
    before = list(Interaction.objects.order_by("pk").values())

    again = imported(*rows[:2], "u2,A,view,2026-01-02T12:00:00Z,")

    assert counts(again) == (0, 3, 0)
    assert list(Interaction.objects.order_by("pk").values()) == before


def test_rows_without_id_that_differ_are_all_kept(imported):
    report = imported(
        "u1,A,view,2026-01-02T12:00:00Z,",
        "u1,A,view,2026-01-02T12:00:01Z,",
        "u1,A,like,2026-01-02T12:00:00Z,",
        "u2,A,view,2026-01-02T12:00:00Z,",
        "u2,A,view,2026-01-02T12:00:00Z,",
    )

    assert counts(report) == (4, 1, 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("u1,NOPE,view,2026-01-02,", "There is no product 'NOPE'."),
        ("u1,A,stare,2026-01-02,", "kind: 'stare' is none of view, click, like, dislike, cart, purchase"),
        ("u1,A,view,yesterday,", "timestamp: 'yesterday' is neither ISO 8601 nor unix seconds"),
        ("u1,A,view,-1,", "timestamp: '-1' is 1969-12-31, before 1970"),
        ("3423.0,A,view,2026-01-02,", "user: 3423.0 is a number that a program has given a decimal point"),
        ("3.423e+03,A,view,2026-01-02,", "user: 3.423e+03 is a number that a program has rounded"),
        ("u1,A,view,0001-01-01T00:00:00+14:00,", "timestamp: '0001-01-01T00:00:00+14:00' is neither ISO 8601 nor"),
        ("u1,A,view,2999-01-01T00:00:00Z,", "is in the future."),
        (",A,view,2026-01-02,", "no value for user"),
        (",nan,,NULL,x", "no value for user, sku, kind, timestamp"),
        (f"{'u' * 151},A,view,2026-01-02,", "user: it has 151 characters; at most 150 are taken"),
        (f"u1,A,view,2026-01-02,{'e' * 151}", "id: it has 151 characters; at most 150 are taken"),
        ("u1,A", "no value for kind, timestamp"),
        ("u\0,A,view,2026-01-02,", "user: it holds a character that cannot be stored"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_rest_is_taken(imported, row, reason):
    heard = []

    report = imported("u1,A,view,2026-01-02,a", row, "u1,A,view,2026-01-02,b", on_problem=heard.append)

    assert counts(report) == (2, 0, 1)
    assert heard == report.problems
    assert heard[0].place == "t.csv line 3"
    assert reason in heard[0].reason
    assert list(Shopper.objects.values_list("key", flat=True)) == ["u1"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"user": "u1"', "not JSON: "),
        ("[1, 2]", "the line is JSON, but not an object"),
        ("[" * 100_000, "not JSON: "),
        ('{"user": ["u1"], "sku": "A", "kind": "view", "timestamp": 1}', 'user: ["u1"] is neither a text nor a number'),
        ('{"user": true, "sku": "A", "kind": "view", "timestamp": 1}', "user: true is neither a text nor a number"),
        ('{"user": "\\u0000", "sku": "A", "kind": "view", "timestamp": 1}', "user: it holds a character that cannot"),
        ('{"user": "u", "sku": "\\ud800", "kind": "view", "timestamp": 1}', "sku: it holds a character that cannot"),
        ('{"user": "u", "sku": "A", "kind": "view", "timestamp": NaN}', "no value for timestamp"),
    ],
)
def test_a_bad_json_line_is_told_and_the_rest_is_taken(imported, line, reason):
    good = '{"user": "u1", "sku": "A", "kind": "view", "timestamp": 1767355200}'

    report = imported(good, line, name="t.jsonl")

    assert counts(report) == (1, 0, 1)
    assert report.problems[0].place == "t.jsonl line 2"
    assert report.problems[0].reason.startswith(reason)


def test_shoppers_can_be_marked_as_simulated(imported):
    Shopper.objects.create(key="real")

    imported("real,A,view,2026-01-02,", "made,A,view,2026-01-02,", is_simulated=True)

    assert list(Shopper.objects.filter(is_simulated=True).values_list("key", flat=True)) == ["made"]


def test_more_than_a_batch(imported):
    report = imported(*(f"u{number % 7},A,view,{1767355200 + number}," for number in range(2300)), "u1,NO,view,1,")

    assert counts(report) == (2300, 0, 1)
    assert str(report) == "2300 accepted, 0 duplicates, 1 failed"
    assert report.problems[0].place == "t.csv line 2302"


def test_limit_takes_the_first_rows_good_or_bad(imported):
    report = imported("u1,NO,view,1,", "u1,A,view,1,", "u2,A,view,1,", limit=2)

    assert counts(report) == (1, 0, 1)
    assert Shopper.objects.get().key == "u1"
    with pytest.raises(ValueError, match="limit is 0"):
        imported("u1,A,view,1,", limit=0)


def test_a_dry_run_counts_the_same_and_writes_nothing(imported):
    imported("u0,A,view,1,e0")
    before = list(Interaction.objects.values()), list(Shopper.objects.values())
    rows = ["u0,A,view,1,e0", *(f"u1,A,view,{number}," for number in range(1, 1501)), "u1,A,view,1,", "u1,NO,view,1,"]

    dry = imported(*rows, dry_run=True)

    assert counts(dry) == (1500, 2, 1)
    assert (list(Interaction.objects.values()), list(Shopper.objects.values())) == before
    assert imported(*rows) == dry


def test_a_dry_run_tells_its_progress_and_goes_on_where_it_stopped(imported):
    rows = [f"u1,A,view,{number % 1200 + 1}," for number in range(2300)]
    reads = []

    whole = imported(*rows, dry_run=True, follow=lambda report, total: reads.append((report.read, total)))
    begun = InteractionReport(read=1000, accepted=1000)
    rest = imported(*rows, dry_run=True, so_far=begun)

    assert reads == [(1000, 2300), (2000, 2300), (2300, 2300)]
    assert counts(whole) == counts(rest) == (1200, 1100, 0)
    assert not Interaction.objects.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"user,sku,kind,timestamp\n", "holds no interactions"),
        (
            b"user,item,timestamp\nu,A,1\n",
            "lacks: kind; its columns are user, item, timestamp. An interaction needs user, sku, kind",
        ),
        (b"user,sku,kind,timestamp\n\xc3\xa9,A,view,1\n\xe9,A,view,1\n", "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_stores_nothing(tmp_path, content, reason):
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(ImportFailed, match=reason):
        import_interactions(tmp_path / "t.csv")

    assert not Interaction.objects.exists()


@pytest.mark.parametrize(("name", "reason"), [("nowhere.csv", "does not exist"), (".", "is no file")])
def test_no_file(tmp_path, name, reason):
    with pytest.raises(ImportFailed, match=reason):
        import_interactions(tmp_path / name)


def test_a_row_with_a_session_and_no_user_is_a_guest_s(imported):
    header = "customer_id,session_id,sku,event,timestamp,is_verified"
    rows = ["u1,s1,A,like,1767355200,", ",s1,A,view,1767355200,", ",s2,A,view,1767355200,no", ",,A,view,1767355200,"]

    report = imported(header, *rows, name="events.csv")
    again = imported(header, *rows, name="events.csv")

    assert (counts(report), counts(again)) == ((3, 0, 1), (0, 3, 1))
    assert "no value for user" in str(report.problems[0])
    stored = Interaction.objects.order_by("pk").values_list("shopper__key", "session", "is_verified")
    assert list(stored) == [("u1", "", True), (None, "s1", True), (None, "s2", False)]


def test_a_file_of_sessions_alone_is_one_of_guests(imported):
    assert counts(imported("Session ID,Item ID,event,timestamp", "7,A,view,1767355200", name="clicks.csv")) == (1, 0, 0)

    assert Interaction.objects.get().session == "7"
    assert not Shopper.objects.exists()


@pytest.mark.parametrize(
    ("row", "reason"), [(f",{'s' * 151}", "session: it has 151"), (",s1,maybe", "neither yes nor")]
)
def test_a_guest_whose_row_is_not_valid_is_told(imported, row, reason):
    header = "sku,kind,timestamp,user,session,is_verified"

    report = imported(header, f"A,view,1767355200,{row}", name="events.csv")

    assert reason in str(report.problems[0])
