"""Requests while experiments are started and stopped, and versions are switched and deleted: none fails or is mixed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from rest_framework.test import APIClient

from catalog.visitors import issue_token
from recommender.experiments import lifecycle
from recommender.experiments.models import Arm
from recommender.models import ModelVersion
from recommender.versions import lifecycle as versions
from tests.factories import ProductFactory, VersionFactory, embed, turned
from tests.recommender.experiments.conftest import begin

ROUNDS = 8
READERS = 3
FAR = [90 + 15 * number for number in range(8)]


def seen_by(products, version, *degrees: float) -> ModelVersion:
    """Have a version see these products, of which there are A, B, C and others, in these directions."""
    for product, angle in zip(products, (*degrees, *FAR), strict=True):
        embed(product, version, turned(angle))
    return version


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_request_fails_and_each_answer_is_of_one_version(active):
    products = [ProductFactory(sku=sku) for sku in ("A", "B", "C", *map(str, FAR))]
    lists = {seen_by(products, active, 0, 20, 40).pk: ["B", "C"]}
    is_over = threading.Event()

    def read(reader: int) -> list[tuple[int, int, list[str]]]:
        client, answers = APIClient(HTTP_X_VISITOR=issue_token()), []
        try:
            while not is_over.is_set():
                address = (
                    f"10.{reader}.{len(answers) // 200 % 200}.{len(answers) % 200}"  # so that they are not too many
                )
                answer = client.get("/api/v1/products/A/similar/?limit=2", REMOTE_ADDR=address)
                body = answer.json()
                skus = [result["product"]["sku"] for result in body["results"]]
                answers.append((answer.status_code, body["model"]["id"], skus))
        finally:
            connection.close()
        return answers

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, number) for number in range(READERS)]
        try:
            for number in range(ROUNDS):
                tried = seen_by(products, VersionFactory(), 0, 40, 20)
                lists[tried.pk] = ["C", "B"]
                experiment = begin(Arm(name="now", share=50), Arm(name="new", share=50, version=tried))
                threading.Event().wait(0.2)
                if number % 2:
                    versions.delete(tried)
                    threading.Event().wait(0.1)
                    lifecycle.stop(experiment, "boss")
                else:
                    lifecycle.conclude(experiment, "boss", experiment.arms.get(name="new"))
                    threading.Event().wait(0.1)
                    versions.activate(active)
                    versions.delete(tried)
        finally:
            is_over.set()
    answers = [answer for reader in readers for answer in reader.result()]

    assert len(answers) > 20 * ROUNDS
    assert {status for status, _, _ in answers} == {200}
    assert [(version, skus) for _, version, skus in answers if skus != lists[version]] == []
    assert len({version for _, version, _ in answers}) > ROUNDS / 2
