"""Signals of the shop. Sent inside the transaction: a receiver that queues work does so on commit."""

from django.dispatch import Signal

images_added = Signal()  # image_ids: list[int]
downloads_requested = Signal()
interactions_recorded = Signal()  # shopper_ids: set[int], sessions: set[str]
import_finished = Signal()  # kind: str, source: str, counts: dict[str, int]
shopper_history_deleted = Signal()  # shopper_id: int
