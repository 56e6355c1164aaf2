"""Hears what the shop tells, and queues what follows from it."""

from django.db.models.signals import post_delete

from catalog import signals
from recommender import broker
from recommender.designs import lifecycle
from recommender.models import Design, ShopperVector


def embed_new_images(image_ids: list[int], **kwargs) -> None:
    broker.queue_embedding(image_ids)


def forget_taste(shopper_id: int, **kwargs) -> None:
    ShopperVector.objects.filter(shopper=shopper_id).delete()


def forget_designs(shopper_id: int, **kwargs) -> None:
    lifecycle.delete(Design.objects.filter(shopper=shopper_id))


def remove_pictures(instance: Design, **kwargs) -> None:
    """Whatever the row was deleted with: a shopper, a product, a category."""
    lifecycle.remove_files_later(instance)


def connect() -> None:
    signals.images_added.connect(embed_new_images, dispatch_uid="embed_new_images")
    signals.shopper_history_deleted.connect(forget_taste, dispatch_uid="forget_taste")
    signals.shopper_history_deleted.connect(forget_designs, dispatch_uid="forget_designs")
    post_delete.connect(remove_pictures, sender=Design, dispatch_uid="remove_pictures")
