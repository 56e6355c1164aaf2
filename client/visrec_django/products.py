"""Products sent to VisRec: each when it changes, or all of them by the command visrec_sync."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.core.serializers.json import DjangoJSONEncoder

from visrec_django import rest
from visrec_django.adapter import adapter

BATCH, BATCH_BYTES = 50, 8_000_000  # products a request, and bytes of their images after which it takes no more

log = logging.getLogger(__name__)


@dataclass
class Report:
    """Counts of what became of products, and the reasons against some, by SKU."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged, {self.deleted} deleted"
        return f"{counts}, {len(self.failed)} failed"


@dataclass
class Batch:
    """A request's worth of products, and their images by the names that the products have for them."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)

    def add(self, product: Any) -> None:
        row = {"sku": adapter().sku(product), **adapter().fields(product)}
        if image := adapter().image(product):
            row["image"] = str(len(self.rows))
            with image.open("rb") as file:
                self.images[row["image"]] = file.read()
        self.rows.append(row)

    @property
    def is_full(self) -> bool:
        return len(self.rows) == BATCH or sum(map(len, self.images.values())) > BATCH_BYTES


def batches(products: Iterable[Any], report: Report) -> Iterator[Batch]:
    """Yield the products in batches; one whose image cannot be read is reported."""
    batch = Batch()
    for product in products:
        try:
            batch.add(product)
        except OSError as error:
            report.failed[adapter().sku(product)] = {"image": [str(error)]}
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.rows:
        yield batch


def send(products: Iterable[Any], delete: Sequence[str] = ()) -> Report:
    """Write products to VisRec, and delete those of these SKUs. Raises httpx.HTTPError."""
    report = Report()
    for batch in batches(products, report):
        post(batch, [], report)
    for first in range(0, len(delete), BATCH):
        post(Batch(), delete[first : first + BATCH], report)
    return report


def post(batch: Batch, delete: Sequence[str], report: Report) -> None:
    """Send a batch, and add to the report what became of it."""
    body = json.dumps({"upsert": batch.rows, "delete": delete}, cls=DjangoJSONEncoder)
    files = [("images", (name, data)) for name, data in batch.images.items()]
    done = rest.post("products/batch/", files=[("batch", (None, body)), *files])  # a form, without images as well
    for name in ("created", "updated", "unchanged", "deleted"):
        setattr(report, name, getattr(report, name) + done[name])
    skus = [row["sku"] for row in batch.rows]
    for failure in done["failed"]:
        report.failed[(skus if failure["list"] == "upsert" else delete)[failure["index"]]] = failure["errors"]


def send_changed(product: Any) -> None:
    """Write a product to VisRec, or delete it there if shoppers may no longer see it; what goes wrong is logged."""
    shown = list(adapter().products().filter(pk=product.pk))
    attempt(shown, [] if shown else [adapter().sku(product)])


def attempt(products: list[Any], delete: list[str]) -> None:
    """Send, and log what goes wrong: the project's own work goes on, and visrec_sync mends it."""
    try:
        report = send(products, delete)
    except httpx.HTTPError as error:
        log.warning("VisRec does not know of %s yet: %s", [*products, *delete], error)
    else:
        for sku, errors in report.failed.items():
            if sku not in delete:
                log.warning("VisRec refuses %s: %s", sku, errors)


def known_skus() -> Iterator[str]:
    """Yield the SKUs that VisRec has."""
    url = "products/?limit=100"
    while url:
        page = rest.client().get(url).raise_for_status().json()
        yield from (product["sku"] for product in page["results"])
        url = page["next"]


def sync(*, with_deletions: bool = False) -> Report:
    """Write all products to VisRec. Raises httpx.HTTPError.

    with_deletions: delete there whatever shoppers do not see here, also what came from elsewhere.
    """
    gone: list[str] = []
    if with_deletions:
        skus = {adapter().sku(product) for product in adapter().products()}
        gone = [sku for sku in known_skus() if sku not in skus]
    return send(adapter().products().iterator(chunk_size=BATCH), gone)
