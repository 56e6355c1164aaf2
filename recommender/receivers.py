"""Hears what the shop tells, and queues what follows from it."""

from catalog import signals
from recommender import tasks
from recommender.models import ShopperVector


def embed_new_images(image_ids: list[int], **kwargs) -> None:
    tasks.queue_embedding(image_ids)


def forget_taste(shopper_id: int, **kwargs) -> None:
    ShopperVector.objects.filter(shopper=shopper_id).delete()


def connect() -> None:
    signals.images_added.connect(embed_new_images, dispatch_uid="embed_new_images")
    signals.shopper_forgotten.connect(forget_taste, dispatch_uid="forget_taste")
