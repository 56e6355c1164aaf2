"""Popularity of products, for visitors whose taste is not known: how many shoppers and guests took to each.

A guest is easily invented, so n of them count as much as the square root of n shoppers, and only verified ones count
(catalog.visitors).

Triggers on the interactions note which products they concern (models.PopularityChange), whoever writes them; those
are counted anew from their interactions, so that deletions, merged sessions and repeated events need no arithmetic.
"""

import pglock
from django.db import IntegrityError, connection, transaction

from recommender.models import Popularity

BATCH = 20_000  # changes counted in one statement

# One statement, so that the changes and the interactions are of one moment: a transaction that commits later left
# changes of its own, which the next count finds.
COUNT_CHANGED = """
    WITH taken AS (
        DELETE FROM recommender_popularitychange
        WHERE id IN (SELECT id FROM recommender_popularitychange ORDER BY id LIMIT %s)
        RETURNING product_id
    ), counted AS (
        SELECT product_id, shoppers
        FROM (SELECT DISTINCT product_id FROM taken) AS product
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT shopper_id)
                + ceil(sqrt(count(DISTINCT nullif(session, '')) FILTER (WHERE is_verified)))::integer AS shoppers
            FROM catalog_interaction AS interaction
            WHERE interaction.product_id = product.product_id AND kind <> 'dislike'
        ) AS visitors
    ), unpopular AS (
        DELETE FROM recommender_popularity AS popularity USING counted
        WHERE popularity.product_id = counted.product_id AND counted.shoppers = 0
    ), popular AS (
        INSERT INTO recommender_popularity AS popularity (product_id, shoppers)
        SELECT product_id, shoppers FROM counted WHERE shoppers > 0 ORDER BY product_id
        ON CONFLICT (product_id) DO UPDATE SET shoppers = excluded.shoppers
        WHERE popularity.shoppers <> excluded.shoppers
    )
    SELECT count(*) FROM taken
"""


def count() -> int:
    """Update the table; return the number of products that any shopper or guest took to."""
    count_changed()
    return Popularity.objects.count()


def count_changed() -> None:
    """Count the shoppers and guests of the products whose interactions changed since the last count, dislikes aside."""
    while count_batch() == BATCH:
        pass


def count_batch() -> int:
    """Count the products of the oldest BATCH changes; return the number of changes."""
    try:
        return count_once()
    except IntegrityError:  # one of these products was deleted meanwhile: now it is gone, and counts as 0
        return count_once()


@transaction.atomic
def count_once() -> int:
    # Of two counts at once, the later must not be overwritten by the earlier. It waits before its statement, and so
    # sees what the first has written.
    pglock.advisory("recommender.popularity", xact=True, side_effect=pglock.Raise).acquire()
    with connection.cursor() as cursor:
        cursor.execute(COUNT_CHANGED, [BATCH])
        found: tuple[int] = cursor.fetchone()
        return found[0]
