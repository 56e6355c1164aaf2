"""A view of one statement for similar products, in Django without anything of the shop: what a list costs at least.

`gunicorn tests.benchmarks.plain_view`, with the shop's settings; GET /SKU/. It leaves out what is hidden or sold out,
but compares no images and saves nothing.
"""

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

django.setup()

from recommender.models import ModelVersion, State  # noqa: E402 -- after the apps

VERSION = ModelVersion.objects.get(role="similar", state=State.ACTIVE)
TYPE = f"vector({VERSION.dimensions})"
STATEMENT = f"""
    WITH own AS MATERIALIZED (
        SELECT p.id, e.vector::{TYPE} FROM catalog_product p JOIN recommender_imageembedding e
        ON e.product_id = p.id AND e.version_id = {VERSION.pk} WHERE p.sku = %s AND NOT p.is_hidden LIMIT 1
    ), near AS MATERIALIZED (
        SELECT e.product_id, e.vector::{TYPE} <=> (SELECT vector FROM own) AS distance
        FROM recommender_imageembedding e WHERE e.version_id = {VERSION.pk}
        ORDER BY e.vector::{TYPE} <=> (SELECT vector FROM own) LIMIT 40
    )
    SELECT near.distance, p.id, p.sku, p.title, c.name, p.price, p.currency, p.in_stock, p.attributes, i.file
    FROM near JOIN catalog_product p ON p.id = near.product_id JOIN catalog_category c ON c.id = p.category_id
    LEFT JOIN catalog_productimage i ON i.product_id = p.id AND i.position = 0
    WHERE NOT p.is_hidden AND p.in_stock AND p.id <> (SELECT id FROM own) ORDER BY near.distance LIMIT 12
"""
NAMES = ("id", "sku", "title", "category", "price", "currency", "in_stock", "attributes", "image")


def similar(request: HttpRequest, sku: str) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [sku])
        rows = cursor.fetchall()
    results = [
        {"rank": rank, "score": 1 - distance / 2, "product": dict(zip(NAMES, row, strict=True))}
        for rank, (distance, *row) in enumerate(rows, 1)
    ]
    return JsonResponse({"results": results})


urlpatterns = [path("<sku>/", similar)]
settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, []
application = WSGIHandler()
