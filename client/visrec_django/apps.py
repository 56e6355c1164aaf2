from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_delete, post_save


class VisRecConfig(AppConfig):
    """Sends each product to VisRec after the transaction that changed it, and never stops it: errors are logged."""

    name = "visrec_django"
    verbose_name = "VisRec"

    def ready(self) -> None:
        from visrec_django.adapter import adapter  # its models are loaded by now

        for model in adapter().sources():
            post_save.connect(self.saved, sender=model, dispatch_uid=f"visrec saved {model.__name__}")
            post_delete.connect(self.deleted, sender=model, dispatch_uid=f"visrec deleted {model.__name__}")

    @staticmethod
    def saved(sender: Any, instance: Any, raw: bool = False, **signal: Any) -> None:
        from visrec_django import products
        from visrec_django.adapter import adapter

        if raw:  # of a fixture, where what it leads to may not be there yet
            return
        attribute = adapter().sources()[sender]
        product = getattr(instance, attribute) if attribute else instance
        if product is not None:
            transaction.on_commit(lambda: products.send_changed(product), robust=True)

    @staticmethod
    def deleted(sender: Any, instance: Any, **signal: Any) -> None:
        from visrec_django import products
        from visrec_django.adapter import adapter

        attribute = adapter().sources()[sender]
        if not attribute:
            sku = adapter().sku(instance)  # before the key is taken from it
            transaction.on_commit(lambda: products.attempt([], [sku]), robust=True)
        elif (product := getattr(instance, attribute)) is not None and product.pk is not None:
            transaction.on_commit(lambda: products.send_changed(product), robust=True)
