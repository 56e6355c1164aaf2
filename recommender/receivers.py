"""Receivers of the shop's signals: they queue or delete what follows from a change in the catalogue."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete

from catalog import signals
from recommender import broker
from recommender.designs import lifecycle
from recommender.models import Design, ShopperVector
from recommender.webhooks.models import Event
from recommender.webhooks.outbox import emit


def embed_new_images(image_ids: list[int], **kwargs: Any) -> None:
    """Queue images that were added to be embedded."""
    broker.queue_embedding(image_ids)


def download_images(**kwargs: Any) -> None:
    """Queue the fetching of images whose URLs were given."""
    transaction.on_commit(partial(broker.send, "download_images", priority=broker.LATER))


def emit_import(kind: str, source: str, counts: dict[str, int], **signal: Any) -> None:
    """Store the messages about an import that is finished."""
    emit(Event.IMPORTED, lambda: {"kind": kind, "source": source, **counts})


def delete_taste(shopper_id: int, **kwargs: Any) -> None:
    ShopperVector.objects.filter(shopper=shopper_id).delete()


def delete_designs(shopper_id: int, **kwargs: Any) -> None:
    lifecycle.delete(Design.objects.filter(shopper=shopper_id))


def delete_files(instance: Design, **kwargs: Any) -> None:
    """Delete the files of a design whose row was deleted, also where a shopper, a product or a category was."""
    lifecycle.remove_files_later(instance)


def connect() -> None:
    """Connect the receivers when Django starts."""
    signals.images_added.connect(embed_new_images, dispatch_uid="embed_new_images")
    signals.downloads_requested.connect(download_images, dispatch_uid="download_images")
    signals.import_finished.connect(emit_import, dispatch_uid="emit_import")
    signals.shopper_history_deleted.connect(delete_taste, dispatch_uid="delete_taste")
    signals.shopper_history_deleted.connect(delete_designs, dispatch_uid="delete_designs")
    post_delete.connect(delete_files, sender=Design, dispatch_uid="delete_files")
