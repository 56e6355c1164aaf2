"""Trials of recording: each batch is recorded and rolled back, and counts as if those before it had been written."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from django.db import transaction

from catalog.interactions import Event, RecordResult, record

BYTES = 8  # of a digest: of ten million events, two have the same with a chance of 1 in 400,000


class Trial:
    """Events that were tried. In memory are eight bytes of each, by which repeated ones are told."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def record(self, events: Sequence[Event], *, is_simulated: bool = False) -> RecordResult:
        """Return what `interactions.record` would, without writing anything."""
        keys = [key_of(event) for event in events]
        new = [index for index, key in enumerate(keys) if key not in self.seen]
        repeated = [index for index, key in enumerate(keys) if key in self.seen]
        with transaction.atomic():
            first, again = (
                record([events[index] for index in indices], is_simulated=is_simulated) for indices in (new, repeated)
            )
            transaction.set_rollback(True)
        rejected = {
            indices[at]: why
            for indices, found in ((new, first), (repeated, again))
            for at, why in found.rejected.items()
        }
        self.seen.update(keys[index] for index in new if index not in rejected)
        duplicates = first.duplicates + len(repeated) - len(again.rejected)
        return RecordResult(first.accepted, duplicates, dict(sorted(rejected.items())))

    def skip(self, events: Iterable[Event]) -> None:
        """Add events that a worker tried that was lost."""
        self.seen.update(map(key_of, events))


def key_of(event: Event) -> int:
    """Return a number by which an event is told from others: of its shopper or session, and its id."""
    text = "\0".join((event.user, event.session, event.id))
    return int.from_bytes(blake2b(text.encode(), digest_size=BYTES).digest())
