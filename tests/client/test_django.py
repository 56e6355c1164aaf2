"""The Django app, client/visrec_django, in a project of its own, client/example, against a shop of this process."""

import sys

import pytest

from catalog.models import Interaction, Product
from tests.client.projects import CLIENT, run_project
from tests.factories import ProductFactory, image_bytes
from tests.recommender.api.test_storefront import served, shop

PROJECT = f"{CLIENT}:{CLIENT / 'example'}"
PROGRAM = """
import django, json, sys
from django.core.files.base import ContentFile
from django.core.management import call_command

django.setup()
call_command("migrate", verbosity=0)

from django.db import transaction
from django.test import Client
from store.models import Article
from store.visrec import StoreAdapter
from visrec_django import rest
from visrec_django.products import sync

told = {}
with transaction.atomic():
    for number in range(3):
        article = Article(number=f"A-{number}", name=f"Article {number}", kind="Shoes", euros="19.90")
        article.photo.save("photo.png", ContentFile(open(sys.argv[1], "rb").read()))
Article.objects.filter(number="A-0").update(name="Changed past the signals")
told["sync"] = str(sync())
Article.objects.get(number="A-1").delete()
article = Article.objects.get(number="A-2")
article.is_published = False
article.save()

page = Client().get("/articles/A-0/").content.decode()
told["page"] = page
for order in ("7", "7", "8"):
    told["buy"] = Client().post("/articles/A-0/buy/", {"customer": "ada", "order": order}).status_code

first = Article.objects.get(number="A-0")
first.photo.storage.delete(first.photo.name)
first.save()

rest.client().base_url = "http://127.0.0.1:1/"  # the shop is away
rest.client()._transport.sleep = lambda seconds: None
article.is_published = True
article.save()
told["away"] = Client().post("/articles/A-0/buy/", {"customer": "ada", "order": "9"}).status_code
StoreAdapter.fields = lambda self, article: article.no_such_field  # a mistake in the adapter
first.save()
print(json.dumps(told))
"""

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_products_purchases_and_pages_of_a_django_project(tmp_path):
    ProductFactory(sku="OTHER", title="Other", image=False)
    (tmp_path / "photo.png").write_bytes(image_bytes(1))
    with served(shop()) as url:
        told, log = run_project(sys.executable, PROGRAM, "store.settings", url, tmp_path, PROJECT)

    assert told["sync"] == "0 created, 1 updated, 2 unchanged, 0 deleted, 0 failed"
    assert sorted(Product.objects.values_list("sku", "title")) == [
        ("A-0", "Changed past the signals"),
        ("OTHER", "Other"),
    ]
    product = Product.objects.get(sku="A-0")
    assert (product.images.count(), product.url) == (1, "http://127.0.0.1:8001/articles/A-0/")
    assert f'<script src="{url}/static/visrec.js" data-key="pk_of_the_pages" defer></script>' in told["page"]
    assert '<visrec-strip sku="A-0" placement="product" limit="12"></visrec-strip>' in told["page"]
    assert (told["buy"], told["away"]) == (302, 302)
    assert list(Interaction.objects.values_list("shopper__key", "kind", "event_id").order_by("event_id")) == [
        ("ada", "purchase", "7"),
        ("ada", "purchase", "8"),
    ]
    assert "VisRec refuses A-0: {'image': [" in log
    assert "no attribute 'no_such_field'" in log
    assert "VisRec does not know of [<Article: Article 2>] yet" in log
