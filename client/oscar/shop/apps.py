from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
        from oscar.apps.order.signals import order_placed

        order_placed.connect(record_purchases)


def record_purchases(sender, order, user, **signal):
    """Record what was bought, once it is stored."""
    from django.db import transaction
    from visrec_django import events
    from visrec_django.adapter import adapter

    who = {"user": str(user.pk)} if user and user.is_authenticated else {"session": f"order-{order.number}"}
    bought = [
        {
            "sku": adapter().sku(line.product.parent or line.product),  # of a variant, its parent
            "kind": "purchase",
            "id": f"order-{order.number}-{line.pk}",
            "timestamp": order.date_placed.isoformat(),
            **who,
        }
        for line in order.lines.select_related("product__parent")
        if line.product  # it was deleted since
    ]
    transaction.on_commit(lambda: events.record(bought))
