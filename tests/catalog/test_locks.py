from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, transaction

from catalog import interactions, locks, products
from catalog.images import read_image
from catalog.interactions import Event
from catalog.models import Interaction, Product, ProductImage
from tests.factories import ProductFactory, image_bytes
from tests.rivals import in_own_session, transaction_with_rivals

# Rivals are parts of larger transactions, which are not run again: here nobody may come into a circle at all.
pytestmark = pytest.mark.django_db(transaction=True)


def lock_in_turn(first: Product, second: Product, both_hold_one: Barrier) -> int:
    """Lock both products, the second once the other session has locked its first; return how many tries it took."""
    tries = 0

    @locks.atomic
    def lock_both() -> None:
        nonlocal tries
        tries += 1
        products.lock(first)
        if tries == 1:
            both_hold_one.wait(60)
        products.lock(second)

    lock_both()
    return tries


def test_a_transaction_that_a_deadlock_ended_is_run_again():
    a, b, both_hold_one = ProductFactory(), ProductFactory(), Barrier(2)

    with ThreadPoolExecutor(2) as pool:
        rivals = [pool.submit(in_own_session, lock_in_turn, *pair, both_hold_one) for pair in ((a, b), (b, a))]

    assert sum(rival.result() for rival in rivals) > 2


def test_only_the_whole_of_a_transaction_is_run_again():
    runs = []

    @locks.atomic
    def deadlocked() -> None:
        runs.append(1)
        raise OperationalError from locks.DeadlockDetected()

    with pytest.raises(OperationalError), transaction.atomic():
        deadlocked()
    assert len(runs) == 1

    with pytest.raises(OperationalError):
        deadlocked()
    assert len(runs) == 1 + locks.TRIES


def test_a_deletion_waits_for_the_events_that_are_being_recorded():
    product = ProductFactory(sku="A")

    with transaction_with_rivals() as rival:
        interactions.record([Event("A", "view", session="s")])
        deletion = rival(transaction.atomic(products.delete), [product])

    assert deletion.result() == 1
    assert not Interaction.objects.exists()


def test_an_event_waits_for_a_deletion_and_is_then_refused():
    product = ProductFactory(sku="A")

    with transaction_with_rivals() as rival:
        products.delete([product])
        recording = rival(interactions.record, [Event("A", "view", session="s")])

    assert recording.result().rejected == {0: {"sku": ["There is no product 'A'."]}}


def test_a_deletion_waits_for_a_change_and_not_in_a_circle():
    product = ProductFactory(image=1)

    with transaction_with_rivals() as rival:
        products.lock(product)
        deletion = rival(transaction.atomic(products.delete), [product])
        products.replace_primary_image(product, read_image(image_bytes(2)))

    assert deletion.result() == 1
    assert not ProductImage.objects.exists()
