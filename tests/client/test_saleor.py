"""The receiver of Saleor's webhooks, client/visrec_saleor, between a Saleor shop and a shop of this process."""

import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from visrec_saleor import catalogue
from visrec_saleor.payloads import product_row
from visrec_saleor.receiver import MAX_BYTES, Receiver
from visrec_saleor.settings import SettingMissing, Settings, read_settings

from catalog.models import ImageDownload, Interaction, Product
from recommender.access import keys
from recommender.access.models import KeyKind
from tests.client.saleor import CHANNEL, Saleor, order, product
from tests.recommender.api.test_storefront import served, shop

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def saleor() -> Iterator[Saleor]:
    server = Saleor(product(72), product(73, category=None), product(74))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings_of_both(saleor, settings) -> Iterator[Settings]:
    settings.IMAGE_HOSTS = ["img.example"]
    secret = keys.create("saleor", KeyKind.SECRET, scopes=["catalogue:write", "events:write"])[1]
    with served(shop()) as url:
        yield Settings(url, secret, saleor.url, CHANNEL, "https://store.example/{slug}", "token-of-an-app")


@pytest.fixture
def send(saleor, settings_of_both):
    """Send a webhook; returns the status and the text of the response."""
    receiver = Receiver(settings_of_both)

    def send(event: str, payload: Any, signature: str | None = None, **changes: str) -> tuple[int, str]:
        body = json.dumps(payload).encode()
        statuses = []
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_SALEOR_EVENT": event,
            "HTTP_SALEOR_SIGNATURE": saleor.signature(body) if signature is None else signature,
            "wsgi.input": io.BytesIO(body),
        }
        answer = b"".join(receiver(environ | changes, lambda status, headers: statuses.append(status)))
        return int(statuses[0].split()[0]), answer.decode()

    yield send
    receiver.visrec.close()


def test_a_product_is_written_changed_hidden_and_deleted(send):
    assert send("product_created", {"product": product()}) == (200, "written")

    written = Product.objects.get()
    assert (written.sku, written.title, written.category.name) == ("UHJvZHVjdDo72==", "Apple Juice", "Juices")
    assert (str(written.price), written.currency, written.in_stock) == ("29.90", "EUR", True)
    assert written.attributes == {"Flavor": "Apple, Pear"}
    assert written.url == "https://store.example/apple-juice-72"
    assert urls() == ["http://img.example/juice.png", "http://img.example/back.png"]

    sold_out = product(variants=[{"quantityAvailable": 0}])
    assert send("product_variant_out_of_stock", {"productVariant": {"product": sold_out}})[0] == 200
    assert not Product.objects.get().in_stock

    assert send("product_deleted", {"product": {"id": written.sku}})[0] == 200
    assert send("product_deleted", {"product": {"id": written.sku}})[0] == 200  # sent twice
    assert not Product.objects.exists()


def urls() -> list[str]:
    return list(ImageDownload.objects.order_by("position").values_list("url", flat=True))


def test_the_images_of_a_product_are_those_that_saleor_has(send):
    send("product_created", {"product": product()})
    front, back = product()["media"][1:]

    assert send("product_updated", {"product": product(media=[back, front, back])})[0] == 200
    assert urls() == [back["url"], front["url"]]

    assert send("product_updated", {"product": product(media=[back])})[0] == 200
    assert urls() == [back["url"]]


def test_a_product_that_a_channel_does_not_show_is_deleted(send):
    for hidden in (product(channelListings=[]), product(category=None)):
        send("product_updated", {"product": product()})

        assert send("product_updated", {"product": hidden})[0] == 200
        assert not Product.objects.exists()


def test_an_order_is_one_purchase_of_each_product_whatever_saleor_sends_of_it(send):
    send("product_created", {"product": product()})

    assert send("order_confirmed", {"order": order()}) == (200, "written")
    assert send("order_fully_paid", {"order": order()}) == (200, "written")

    bought = Interaction.objects.get()
    assert (bought.shopper.key, bought.product.sku, bought.kind) == ("VXNlcjoyMg==", product()["id"], "purchase")
    assert bought.occurred_at.isoformat() == "2026-11-20T10:15:30.123456+00:00"


def test_an_order_without_an_account_is_a_guest_s(send):
    send("product_created", {"product": product()})

    assert send("order_confirmed", {"order": order(user=None)})[0] == 200
    bought = Interaction.objects.get()
    assert (bought.shopper, bought.session) == (None, "T3JkZXI6MTIz")


def test_what_saleor_did_not_sign_is_refused(send, saleor):
    body = {"product": product()}
    other = Saleor()
    other.server_close()
    forged = [
        "",
        "no.signature.at-all",
        saleor.signature(b"another body"),
        other.signature(json.dumps(body).encode()),
        "eyJhbGciOiJub25lIiwia2lkIjoiMSIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..",  # alg: none
    ]

    assert [send("product_created", body, signature)[0] for signature in forged] == [401] * len(forged)
    assert not Product.objects.exists()


def test_what_will_never_be_taken_is_refused_with_the_reason(send):
    assert send("customer_created", {"user": {}}) == (422, "nothing is done for the event 'customer_created'")
    status, reason = send("product_created", {"product": {"id": "1"}})
    assert (status, "the payload lacks 'channelListings': use the subscription" in reason) == (422, True)
    status, reason = send("product_created", {"product": product(name="")})
    assert (status, "title" in reason) == (422, True)
    status, reason = send("order_confirmed", {"order": order()})
    assert (status, "sku" in reason) == (422, True)  # a product that VisRec does not have
    assert send("product_created", {}, REQUEST_METHOD="GET")[0] == 405
    assert send("product_created", {}, CONTENT_LENGTH=str(MAX_BYTES + 1))[0] == 413


def test_saleor_is_asked_to_send_again_while_the_shop_is_away(saleor, settings_of_both):
    receiver = Receiver(replace(settings_of_both, visrec="http://127.0.0.1:1"))
    receiver.visrec.client._transport.sleep = lambda seconds: None
    body = json.dumps({"product": product()}).encode()
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    environ |= {"HTTP_SALEOR_EVENT": "product_created", "HTTP_SALEOR_SIGNATURE": saleor.signature(body)}

    assert receiver.answer(environ)[0] == 503
    receiver.visrec.close()


def test_all_products_and_orders_of_a_channel_are_written(saleor, settings_of_both):
    done = catalogue.sync(settings_of_both)
    again = catalogue.sync(settings_of_both)

    assert (
        done
        == again
        == (
            "2 products written, 1 left out, which have no category or price or are not published; "
            "1 purchases recorded, 0 left out, whose products are not there"
        )
    )
    assert set(Product.objects.values_list("sku", flat=True)) == {"UHJvZHVjdDo72==", "UHJvZHVjdDo74=="}
    assert Interaction.objects.get().product.sku == "UHJvZHVjdDo72=="
    assert {token for token, _ in saleor.queries} == {"Bearer token-of-an-app"}


def test_what_is_read_of_a_payload_is_in_the_subscription(settings_of_both):
    names = set(re.findall(r"\w+", catalogue.subscription()))

    assert keys_in([product(), order()]) <= names
    assert product_row(product(), replace(settings_of_both, channel="channel-pln")) is None


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_in, value.values()))
    return set().union(*map(keys_in, value)) if isinstance(value, list) else set()


def test_a_setting_that_is_missing_is_named():
    with pytest.raises(SettingMissing, match="VISREC_SECRET_KEY, SALEOR_URL must be set"):
        read_settings({"VISREC_URL": "https://visrec.example"})

    given = {
        "VISREC_URL": "https://visrec.example/",
        "VISREC_SECRET_KEY": "sk_1",
        "SALEOR_URL": "https://saleor.example",
    }
    assert read_settings(given) == Settings(
        "https://visrec.example", "sk_1", "https://saleor.example", CHANNEL, page="", token=""
    )
