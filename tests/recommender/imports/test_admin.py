import errno
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import ImportProfile, Interaction, Product
from recommender.imports import runs, storage
from recommender.imports.models import Feed, ImportRun
from tests.factories import ProductFactory, clerk, image_bytes
from tests.internet import response_of
from tests.recommender.imports.conftest import done, row, table, zipped

pytestmark = pytest.mark.django_db
UPLOAD = "/admin/catalog/product/import/"
LIST = "/admin/imports/importrun/"
FEEDS = "/admin/imports/feed/"


def upload(client, *rows: str, do: str = "preview", **options):
    """Upload a file; returns the address of its page."""
    file = SimpleUploadedFile("shop.zip", zipped(*rows, **options))
    answer = client.post(UPLOAD, {"source": file, "do": do})
    assert answer.status_code == 302, answer.content.decode()
    return answer.url


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_file_is_previewed_tried_and_imported_without_a_second_upload(admin_client, admin_user):
    assert "Preview" in text(admin_client.get(UPLOAD))
    page = upload(admin_client, row("A"), row("B", price="x"))

    preview = text(admin_client.get(page))
    assert "A | Boots | Shoes | 9.50<br>" in preview and "data:image/jpeg;base64," in preview and "line 3" in preview
    run = ImportRun.objects.get()
    assert (run.status, run.requested_by) == ("draft", admin_user)

    for do, products in (("try", 0), ("import", 1)):
        assert admin_client.post(page, {"do": do}).url == page
        waits = text(admin_client.get(page))
        assert "waiting for a worker" in waits and '<noscript><meta http-equiv="refresh"' in waits
        done(run)
        assert Product.objects.count() == products
    after = text(admin_client.get(page))
    assert ">done<" in after and "/report/" in after and "Preview" not in after
    assert "/imports/" not in after.replace("/admin/imports/", "")  # no folder of the server


def test_a_preview_shows_pictures_by_url_or_says_why_not(admin_client, internet):
    internet.responses = [response_of(image_bytes(1))]
    rows = ["sku,title,category,price,image", "A,Boots,Shoes,5,http://img.example/A.png"]
    file = SimpleUploadedFile("shop.csv", "\n".join([*rows, "B,Boots,Shoes,5,http://other.example/B.png"]).encode())

    preview = text(admin_client.get(admin_client.post(UPLOAD, {"source": file, "do": "preview"}).url))

    assert preview.count("data:image/jpeg;base64,") == 1
    assert "not fetched: the host other.example is not among those in VISREC_IMAGE_HOSTS" in preview
    assert "none yet" not in preview


def test_a_trial_fetches_no_picture_and_says_so(admin_client, internet):
    internet.responses = [response_of(image_bytes(1))] * 9  # the preview reads it
    lines = "sku,title,category,price,image\nA,Boots,Shoes,5,http://img.example/A.png"
    page = admin_client.post(UPLOAD, {"source": SimpleUploadedFile("a.csv", lines.encode()), "do": "preview"}).url
    told = {}
    for do in ("try", "import"):
        admin_client.post(page, {"do": do})
        told[do, "before"] = text(admin_client.get(page))
        done(ImportRun.objects.get())
        told[do, "after"] = text(admin_client.get(page))

    assert "1 picture is to be fetched by URL, once it is imported." in told["try", "after"]
    assert "what is on its way" in told["import", "after"]
    assert ["by then stays" in told[do, "before"] for do in ("try", "import")] == [False, True]


def test_a_file_is_imported_at_once(admin_client):
    page = upload(admin_client, row("A"), do="import")

    done(ImportRun.objects.get())

    assert ">done<" in text(admin_client.get(page))
    assert [product.sku for product in Product.objects.all()] == ["A"]


def test_columns_are_chosen_by_select_boxes(admin_client):
    page = upload(admin_client, row("A"), header="Nr,title,category,price,Ansicht")
    lacking = text(admin_client.get(page))
    assert "lacks: sku, image" in lacking and 'value="import"' not in lacking
    assert re.search(r'<label for="id_column-0">Nr</label>.*?<select name="column-0"', lacking, re.DOTALL)

    twice = text(admin_client.post(page, {"do": "preview", "column-0": "sku", "column-4": "sku"}))
    assert "SKU is chosen for Nr already." in twice
    choice = {"column-0": "sku", "column-4": "image", "store_as": "supplier"}
    admin_client.post(page, {"do": "preview", **choice})

    shown = text(admin_client.get(page))
    assert '<option value="sku" selected>SKU</option>' in shown and "A | Boots" in shown
    admin_client.post(page, {"do": "import", **choice})
    done(ImportRun.objects.get())
    assert ImportProfile.objects.get(name="supplier").columns == {"Nr": "sku", "Ansicht": "image"}


def test_an_import_is_cancelled_and_cannot_be_twice(admin_client):
    page = upload(admin_client, row("A"), do="import")

    admin_client.post(page, {"do": "cancel"})
    again = admin_client.post(page, {"do": "cancel"}, follow=True)

    assert ImportRun.objects.get().status == "cancelled"
    assert "only what is not finished can be cancelled" in text(again)


def test_progress_is_read_by_the_page_until_the_end(admin_client):
    page = upload(admin_client, row("A"), do="import")
    progress = page.replace("change/", "progress/")

    waiting = admin_client.get(progress)
    done(ImportRun.objects.get())
    after = admin_client.get(progress)

    assert 'hx-trigger="every 2s"' in text(waiting) and "HX-Refresh" not in waiting
    assert after["HX-Refresh"] == "true" and "hx-trigger" not in text(after)


def test_the_page_of_an_import_that_is_tried_again_says_why_and_when(admin_client):
    page = upload(admin_client, row("A"), do="import")
    run = runs.claim(ImportRun.objects.get().pk)
    runs.postpone(run, "[Errno 28] No space left on device")
    until = ImportRun.objects.get().lease_until

    shown = text(admin_client.get(page))

    assert f"No space left on device. It is tried again at {until:%H:%M:%S} UTC." in shown


def test_the_report_is_downloaded(admin_client):
    page = upload(admin_client, row("A", price="cheap"), do="import")
    report = page.replace("change/", "report/")
    assert admin_client.get(report).status_code == 404

    run = done(ImportRun.objects.get())

    answer = admin_client.get(report)
    assert answer["Content-Disposition"] == f'attachment; filename="import-{run.pk}.csv"'
    assert b"products.csv,2,price,A,cheap" in b"".join(answer.streaming_content)


INTERACTIONS = "/admin/imports/importrun/interactions/"
EVENTS = b"Wer,sku,kind,timestamp\nada,A,view,2026-01-02\nada,B,view,2026-01-02\n"


def test_interactions_are_previewed_with_their_columns_and_imported_once(admin_client):
    ProductFactory(sku="A", title="Boots", image=False)
    assert INTERACTIONS in text(admin_client.get("/admin/catalog/interaction/"))
    assert "user, sku, kind, timestamp" in text(admin_client.get(INTERACTIONS))
    for recorded, known in ((1, 0), (0, 1)):
        file = SimpleUploadedFile("events.csv", EVENTS)
        page = admin_client.post(INTERACTIONS, {"source": file, "do": "preview"}).url
        lacking = text(admin_client.get(page))
        assert "lacks: user" in lacking and "Store these columns" not in lacking
        admin_client.post(page, {"do": "preview", "column-0": "user"})
        assert "ada | view | A Boots | 2026-01-02 00:00:00 UTC" in text(admin_client.get(page))
        admin_client.post(page, {"do": "try", "column-0": "user"})
        assert done(ImportRun.objects.first()).created == recorded
        assert Interaction.objects.count() == known
        admin_client.post(page, {"do": "import", "column-0": "user"})

        run = done(ImportRun.objects.first())

        assert (run.status, run.read, run.created, run.unchanged, run.failed) == ("done", 2, recorded, known, 1)
        assert "There is no product &#x27;B&#x27;" in text(admin_client.get(page))
        assert "<dt>known already</dt>" in text(admin_client.get(page))
    assert Interaction.objects.get().shopper.key == "ada"


def test_ratings_are_imported_from_the_number_on_that_is_said(admin_client):
    ProductFactory(sku="A", image=False)
    file = SimpleUploadedFile("r.csv", b"user,sku,timestamp,rating\nada,A,2026-01-02,5\nbob,A,2026-01-02,2\n")
    page = admin_client.post(INTERACTIONS, {"source": file, "do": "preview"}).url
    assert "say from which on it is a like" in text(admin_client.get(page))

    admin_client.post(page, {"do": "import", "positive": "4"})
    run = done(ImportRun.objects.get())

    assert (run.status, run.created, run.positive) == ("done", 1, 4)
    assert Interaction.objects.get().kind == "like"


def test_interactions_are_for_those_who_may_add_them(client):
    products = runs.upload("shop.zip", [zipped(row("A"))], by=None, columns={})
    events = runs.upload("events.csv", [EVENTS], by=None, columns={}, kind="interactions")
    paths = [INTERACTIONS, UPLOAD, f"{LIST}{events.pk}/change/", f"{LIST}{products.pk}/change/"]

    client.force_login(clerk("add_interaction"))
    assert [client.get(path).status_code for path in paths] == [200, 403, 200, 404]
    client.force_login(clerk("add_product", "change_product"))
    assert [client.get(path).status_code for path in paths] == [403, 200, 404, 200]


def test_imports_are_for_those_who_may_add_and_change_products(client):
    run = runs.upload("shop.zip", [zipped(row("A"))], by=None, columns={})
    own = [f"{LIST}{run.pk}/{name}/" for name in ("change", "progress", "report")]
    paths = [UPLOAD, LIST, f"{LIST}add/", FEEDS, *own]

    client.force_login(clerk("view_product", "add_product"))
    assert [client.get(path).status_code for path in paths] == [403] * len(paths)
    client.force_login(clerk("add_product", "change_product"))
    assert [client.get(path).status_code for path in paths[:-1]] == [200] * (len(paths) - 1)
    assert client.post(f"{LIST}{run.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("pk", ["0", "x", "9" * 30])
def test_an_import_that_is_not_there_is_not_found(admin_client, pk):
    assert admin_client.get(f"{LIST}{pk}/change/").status_code == 404


def test_queries_do_not_grow_with_the_lists(admin_client):
    def counted(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(path).status_code == 200
        return len(queries)

    def add(number: int) -> None:
        for index in range(number, number + 5):
            feed = Feed.objects.create(name=f"feed {index}", url="http://img.example/")
            for _ in range(3):
                ImportRun.objects.create(source="shop.zip", feed=feed, status="done")

    add(0)
    few = [counted(path) for path in (LIST, FEEDS)]
    add(5)
    assert [counted(path) for path in (LIST, FEEDS)] == few


def test_a_feed_is_made_run_now_and_its_last_results_are_listed(admin_client, internet):
    values = {"name": "supplier", "url": "http://img.example/f.csv", "interval": 24, "hour": 3, "most_retired": 20}
    answer = admin_client.post(f"{FEEDS}add/", values | {"retire": "on", "is_enabled": "on"})
    assert answer.status_code == 302, answer.content.decode()
    feed = Feed.objects.get()
    assert feed.next_at.hour == 3

    chosen = {"action": "start", "_selected_action": [feed.pk]}
    assert "An import of supplier waits for a worker." in text(admin_client.post(FEEDS, chosen, follow=True))
    assert "of one feed there is one at a time" in text(admin_client.post(FEEDS, chosen, follow=True))
    internet.responses = [response_of(table("A"))]
    done(ImportRun.objects.get())

    assert "1 created, 0 changed, 0 unchanged, 0 problems, 0 hidden" in text(admin_client.get(FEEDS))
    assert "1 created" in text(admin_client.get(f"{FEEDS}{feed.pk}/change/"))


def test_a_feed_is_imported_from_its_own_page(admin_client, feed):
    values = {"name": "supplier", "url": feed.url, "interval": 24, "hour": 3, "most_retired": 20, "_import": "x"}
    page = f"{FEEDS}{feed.pk}/change/"

    first = admin_client.post(page, values)
    second = admin_client.post(page, values, follow=True)

    assert first.url == f"{LIST}{ImportRun.objects.get().pk}/change/"
    assert "of one feed there is one at a time" in text(second)
    other = admin_client.post(f"{FEEDS}add/", values | {"name": "another"})
    assert other.url == f"{LIST}{ImportRun.objects.get(feed__name='another').pk}/change/"


def test_a_shrunken_feed_is_confirmed_on_the_page_of_its_import(admin_client, feed, internet):
    for sku in "ABCD":
        ProductFactory(sku=sku, image=False)
    internet.responses = [response_of(table("A"))] * 2
    admin_client.post(FEEDS, {"action": "start", "_selected_action": [feed.pk]})
    refused = done(ImportRun.objects.get())
    page = f"{LIST}{refused.pk}/change/"
    assert "none hidden as it lacks too many" in text(admin_client.get(FEEDS))
    assert "Import again and hide what the feed lacks" in text(admin_client.get(page))

    admin_client.post(page, {"do": "hide"})

    assert done(ImportRun.objects.exclude(pk=refused.pk).get()).hidden == 3


def test_a_file_for_which_there_is_no_room_is_told(admin_client, monkeypatch):
    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage, "store", full)
    admin_client.raise_request_exception = False

    answer = admin_client.post(UPLOAD, {"source": SimpleUploadedFile("shop.zip", b"PK"), "do": "import"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "no space left on device" in answer.content.decode()
    assert not ImportRun.objects.exists()
