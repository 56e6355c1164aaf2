"""Example of a body for each operation that takes JSON, for the OpenAPI document; by the name of the operation."""

from typing import Any

PRODUCT = {"title": "Pumps", "category": "heels", "price": "59.90", "attributes": {"colour": "red", "heel": 7.5}}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"  # base64 of a PNG
)

BODIES: dict[str, Any] = {
    "create_token": {"username": "shopper", "password": "correct horse battery"},
    "create_key": {"name": "ERP", "kind": "secret", "scopes": ["catalogue:read", "catalogue:write"]},
    "rotate_key": {"overlap": 48},
    "create_product": {"sku": "VR-1", "image": PIXEL, **PRODUCT},
    "put_product": PRODUCT,
    "change_product": {"price": "49.90", "in_stock": False},
    "add_image": {"image": PIXEL},
    "order_images": {"order": [4712, 4711]},
    "write_products": {"upsert": [{"sku": "VR-1", **PRODUCT}], "delete": ["VR-2"]},
    "record_interactions": [{"user": "user-17", "sku": "VR-1", "kind": "purchase", "id": "order-4711"}],
    "record_impressions": {
        "impressions": [{"recommendation_id": "0b0e1d5c-3f5a-4c57-9a51-1f6f0f3f0a11", "positions": [1, 2, 3]}]
    },
    "recommend_by_example": {"like": ["VR-1"], "dislike": ["VR-2"], "limit": 6},
    "recommend_for_session": {"events": [{"sku": "VR-1", "kind": "view"}], "limit": 6},
    "recommend_in_batch": {
        "requests": [{"kind": "similar", "sku": "VR-1", "limit": 6}, {"kind": "personal", "placement": "product"}],
        "distinct": True,
    },
    "merge_guest": {"session": "basket-4711", "user": "user-17"},
    "create_design": {"user": "user-17", "category": "heels", "count": 3},
    "create_webhook": {"url": "https://shop.example/hooks", "events": ["training.finished", "products.findable"]},
    "create_model": {"method": "visrec", "epochs": 20},
    "activate_model": {"reason": "the autumn styles are in"},
    "roll_back_model": {"role": "similar", "reason": "too many shoes beside bags"},
    "create_schedule": {"method": "hybrid", "hour": 3, "interactions": 10000, "then": "better"},
    "change_schedule": {"hour": 4},
    "create_experiment": {
        "name": "More variety",
        "role": "similar",
        "placements": ["product"],
        "arms": [{"name": "as now", "share": 50}, {"name": "varied", "share": 50, "diversity": 0.4}],
    },
    "stop_experiment": {"reason": "the season is over"},
    "conclude_experiment": {"winner": "varied"},
}
