"""Cost of an experiment in the path of a request, beside a running shop: `python -m tests.benchmarks.in_shop`.

    export VISREC_VAR=… DJANGO_SETTINGS_MODULE=visrec_site.settings
    export VISREC_ALLOWED_HOSTS=testserver VISREC_RATE_ANONYMOUS=1000000/min
    python -m tests.benchmarks.in_shop experiments - [PAIRS [LISTS]]

Similar products for one visitor, in one process, in turns for a placement with an experiment and for one without; and
the statement that reads which version serves, in turns with the mark of the running experiments and without. Seconds to
count so many lists that were seen, four by each visitor, a tenth of which was clicked.
"""

import statistics
import time
from collections.abc import Callable

from django.db import connection
from django.test import Client

from catalog.models import Interaction, Product
from catalog.prepared import fetch_prepared
from catalog.rows import Sql
from catalog.visitors import issue_token
from recommender.experiments import figures, lifecycle, running
from recommender.experiments.models import Arm, Experiment
from recommender.models import Impression, Role
from recommender.versions import queries

LISTS = """
    INSERT INTO recommender_impression (
        recommendation_id, placement, strategy, version, positions, shown_at, experiment, arm, visitor
    )
    SELECT gen_random_uuid(), 'benchmark', 'similar', 1, '{1,2,3}', now(), %(experiment)s,
        (%(arms)s)[1 + n %% 2], n %% (%(lists)s / 4)
    FROM generate_series(1, %(lists)s) n
"""
CLICKS = """
    INSERT INTO catalog_interaction (
        session, product_id, kind, occurred_at, event_id, recommendation_id, placement, is_verified, recorded_at
    )
    SELECT 'benchmark', (SELECT min(id) FROM catalog_product), 'click', now() + interval '1 second', '',
        recommendation_id, '', false, now()
    FROM recommender_impression WHERE experiment = %(experiment)s AND random() < 0.1
"""


def run(url: str, pairs: str = "1000", lists: str = "100000") -> dict:
    """Return milliseconds: medians, and median and interquartile range of the differences of each pair."""
    fields = {"name": "benchmark", "role": Role.SIMILAR, "placements": ["benchmark"], "days": 1}
    experiment = lifecycle.create(fields, [Arm(name="A", share=50), Arm(name="B", share=50)], "benchmark")
    lifecycle.start(experiment, "benchmark")
    try:
        experiment.refresh_from_db()
        counted = count_seconds(experiment, int(lists))
        return {"similar": similar(int(pairs)), "mark": mark(int(pairs)), "seconds to count": counted}
    finally:
        lifecycle.stop(experiment, "benchmark")


def count_seconds(experiment: Experiment, lists: int) -> float:
    """Seconds to count lists that are written for it, and deleted afterwards; the median of three times."""
    arms = tuple(experiment.arms.all())
    values = {"experiment": experiment.pk, "lists": lists, "arms": [arm.pk for arm in arms]}
    times = []
    try:
        with connection.cursor() as cursor:
            cursor.execute(LISTS, values)
            cursor.execute(CLICKS, values)
            cursor.execute("ANALYZE recommender_impression, catalog_interaction")
        for _ in range(3):
            began = time.perf_counter()
            assert sum(each.own.x for each in figures.count(experiment, arms).values()) == lists
            times.append(time.perf_counter() - began)
    finally:
        Impression.objects.filter(experiment=experiment.pk).delete()
        Interaction.objects.filter(session="benchmark").delete()
    return statistics.median(times)


def similar(pairs: int) -> dict:
    skus = list(Product.objects.values_list("sku", flat=True)[:100])
    client = Client(headers={"X-Visitor": issue_token()})

    def get(number: int, placement: str) -> None:
        assert (
            client.get(f"/api/v1/products/{skus[number % len(skus)]}/similar/?placement={placement}").status_code == 200
        )

    return compare(lambda number: get(number, "elsewhere"), lambda number: get(number, "benchmark"), pairs)


def mark(pairs: int) -> dict:
    served = queries.served_mark(Role.SIMILAR)
    plain, marked = Sql(f"SELECT {served}"), Sql(f"SELECT {served}, {running.MARK}")
    return compare(lambda _: fetch_prepared(plain), lambda _: fetch_prepared(marked), pairs)


def compare(first: Callable[[int], object], second: Callable[[int], object], pairs: int) -> dict:
    for number in range(50):
        first(number), second(number)
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        for index in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            (first, second)[index](number)
            times[index].append(1000 * (time.perf_counter() - began))
    differences = [after - before for before, after in zip(*times, strict=True)]
    low, middle, high = statistics.quantiles(differences, n=4)
    return {
        "without": statistics.median(times[0]),
        "with": statistics.median(times[1]),
        "difference": middle,
        "quartiles": [low, high],
    }
