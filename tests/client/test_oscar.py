"""django-oscar with the Django app, in an environment of its own: `make test-oscar`."""

import os
import re

import pytest
import requests

from catalog.models import Interaction, Product
from recommender.versions import lifecycle
from recommender.workers import training
from tests.client.projects import CLIENT, run_project
from tests.factories import image_bytes
from tests.recommender.api.test_storefront import served, shop

PYTHON = os.environ.get("OSCAR_PYTHON", "")
SANDBOX = os.environ.get("OSCAR_SANDBOX", "")  # the folder of that name in Oscar's repository
TABLES = """
import json
import sys
from decimal import Decimal

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

# Oscar's hundreds of migrations take minutes: its tables are created as they are today.
django.setup()
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
call_command("migrate", run_syncdb=True, verbosity=0)
"""
OWN_CATALOGUE = """
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client, RequestFactory
from oscar.apps.basket.models import Basket
from oscar.apps.catalogue.models import Category, Product, ProductClass, ProductImage
from oscar.apps.order.utils import OrderCreator, OrderNumberGenerator
from oscar.apps.partner.models import Partner, StockRecord
from oscar.apps.partner.strategy import Selector
from oscar.core import prices

kind = ProductClass.objects.create(name="Garment", track_stock=True)
category = Category.add_root(name="Tops")
partner = Partner.objects.create(name="Mill")
for number in range(2):
    with transaction.atomic():
        product = Product.objects.create(product_class=kind, upc=f"OSC-{number}", title=f"Top {number}")
        product.categories.add(category)
        ProductImage.objects.create(
            product=product, original=ContentFile(open(sys.argv[1], "rb").read(), name="top.png"), display_order=0
        )
        StockRecord.objects.create(
            product=product, partner=partner, partner_sku=product.upc, price=Decimal("12.50"), num_in_stock=5
        )
page = Client().get(product.get_absolute_url(), follow=True)

user = get_user_model().objects.create_user("ada", "ada@example.com", "a long enough password")
basket = Basket.objects.create(owner=user)
basket.strategy = Selector().strategy(user=user)
basket.add_product(product, quantity=2)
free = prices.Price(currency=basket.currency, excl_tax=Decimal(0), tax=Decimal(0))
shipping = type("Shipping", (), {"name": "Post", "code": "post"})()
total = prices.Price(currency=basket.currency, excl_tax=Decimal(25), incl_tax=Decimal(25))
request = RequestFactory().get("/")
OrderCreator().place_order(
    basket=basket, total=total, shipping_method=shipping, shipping_charge=free, user=user,
    order_number=OrderNumberGenerator().order_number(basket), request=request,
)
print(json.dumps({"page": page.content.decode(), "status": page.status_code, "user": user.pk}))
"""

SANDBOX_CATALOGUE = """
import glob
import os

from oscar.apps.address.models import Country

# As the target `sandbox_load_data` of Oscar's Makefile does it.
folder = os.environ["OSCAR_SANDBOX"] + "/fixtures/"
call_command("loaddata", folder + "auth.json", folder + "child_products.json", verbosity=0)
call_command("oscar_import_catalogue", *sorted(glob.glob(folder + "books.*.csv")))
call_command("oscar_import_catalogue_images", folder + "images.tar.gz")
Country.objects.create(iso_3166_1_a2="GB", name="United Kingdom")  # of the addresses of the orders
call_command("loaddata", folder + "orders.json", verbosity=0)

from django.test import Client
from oscar.apps.order.models import Order
from shop.apps import record_purchases
from visrec_django.adapter import adapter
from visrec_django.products import sync

done = str(sync())
for order in Order.objects.all():  # placed before the app was installed
    record_purchases(None, order, order.user)

pages = {adapter().sku(product): product.get_absolute_url() for product in adapter().products()}
with_strip = [sku for sku, url in pages.items() if f'<visrec-strip sku="{sku}"' in Client().get(url).content.decode()]
lines = [(order.user_id, line.upc) for order in Order.objects.all() for line in order.lines.all()]
print(json.dumps({"sync": done, "pages": sorted(pages), "with_strip": sorted(with_strip), "lines": lines}))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PYTHON, reason="make test-oscar runs it, where django-oscar is installed"),
]


def test_the_products_the_pages_and_the_orders_of_oscar(tmp_path):
    (tmp_path / "photo.png").write_bytes(image_bytes(1))

    with served(shop()) as url:
        done, _ = run_project(PYTHON, TABLES + OWN_CATALOGUE, "shop.settings", url, tmp_path, str(CLIENT / "oscar"))

    products = Product.objects.order_by("sku")
    assert [(product.sku, product.title, product.category.name, str(product.price)) for product in products] == [
        ("OSC-0", "Top 0", "Tops", "12.50"),
        ("OSC-1", "Top 1", "Tops", "12.50"),
    ]
    assert all(product.images.count() == 1 and product.in_stock for product in products)
    assert done["status"] == 200
    assert f'<script src="{url}/static/visrec.js" data-key="pk_of_the_pages" defer></script>' in done["page"]
    assert '<visrec-strip sku="OSC-1" placement="product" limit="12"></visrec-strip>' in done["page"]
    bought = Interaction.objects.get()
    assert (bought.shopper.key, bought.product.sku, bought.kind) == (str(done["user"]), "OSC-1", "purchase")


@pytest.mark.skipif(not SANDBOX, reason="make test-oscar SANDBOX=… runs it, where Oscar's repository is")
def test_the_catalogue_of_oscar_s_sandbox_gets_strips_and_its_orders_are_purchases(tmp_path, settings):
    settings.MEDIA_ROOT, settings.MODELS = tmp_path / "media", tmp_path / "models"
    with served(shop()) as url:
        done, _ = run_project(PYTHON, TABLES + SANDBOX_CATALOGUE, "shop.settings", url, tmp_path, str(CLIENT / "oscar"))
        training.run(lifecycle.register("histogram", activate=True, here=True))
        sku = Product.objects.filter(images__isnull=False).first().sku
        similar = requests.get(f"{url}/api/v1/products/{sku}/similar/", timeout=30).json()

    # What Oscar's import creates was sent by signals; a fixture sends none.
    created, updated, unchanged, deleted, failed = map(int, re.findall(r"\d+", done["sync"]))
    assert (created + unchanged, updated, deleted, failed) == (len(done["pages"]), 0, 0, 0)
    assert created > 0 and unchanged > 100
    assert done["pages"] == done["with_strip"] == sorted(Product.objects.values_list("sku", flat=True))
    assert Product.objects.filter(images__isnull=False).count() > 100
    bought = Interaction.objects.values_list("shopper__key", "product__sku", "kind")
    assert list(bought) == [(str(user), upc, "purchase") for user, upc in done["lines"]]
    assert len(similar["results"]) == 12
    assert sku not in [result["product"]["sku"] for result in similar["results"]]
