import json

import numpy as np
import pytest
import torch

from ml.benchmark import gpu
from ml.benchmark.gpu import Case, Scale, create_data, estimate_paper, format_gpu_table, measure_case, measure_cases
from ml.contract import Model
from ml.models.factory import create

TINY = Scale(images=24, users=6)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(gpu, "CPU_IMAGES", TINY.images)


def test_a_case_is_measured_with_what_a_step_takes():
    found = measure_case(Case("bpr-mf", {"batch_size": 20}, cpu_users=TINY.users), CPU)

    assert found["steps"] == 3  # of 60 triples
    assert found["seconds"]["arithmetic"] > 0 and 0 < found["ratio"] < 3
    assert found["samples a second"] == pytest.approx(60 / found["seconds"]["loop"], rel=0.01)
    assert found["step"]["bytes"] == 3 * 20 * 8 and found["step"]["operations"] > 20
    assert found["GPU memory, bytes"] is None


def test_matrix_products_are_counted_forward_and_back():
    found = measure_case(Case("vae", {"batch_size": 8}), CPU)

    assert found["step"]["flops"] > 8 * 3 * 2 * 485_523  # each of its weights is used more than once an image
    assert found["step"]["bytes"] == 8 * 3 * 136 * 136 * 4


def test_data_are_of_the_models_size_and_kind():
    similar, personal, design = (create_data(create(name), TINY) for name in ("visrec", "dvbpr", "lsgan"))

    assert similar.size == (64, 64) and len(similar) == 24
    assert personal.images.size == (64, 64) and personal.train.n_items == 24
    assert design.images.size == (64, 64) and len(design.names) == 4
    assert create_data(create("bpr-mf"), TINY).images is None


def test_each_case_is_a_method_that_is_trained_by_gradients():
    for case in gpu.CASES:
        assert type(create(case.method, **case.settings)).optimizers is not Model.optimizers, case.name


def test_each_user_took_ten_different_items():
    taken = gpu.create_interactions(np.random.default_rng(0), TINY)

    assert len(taken.distinct) == len(taken) == 60


def test_without_a_card_the_figures_are_said_to_be_of_the_cpu():
    document = measure_cases([Case("bpr-mf")])

    if not torch.cuda.is_available():
        assert format_gpu_table(document).startswith("There is no CUDA card. These are CPU figures")
    assert document["left out"] == [] and document["seconds of the paper"] is None
    assert json.loads(json.dumps(document)) == document


def test_the_papers_training_is_twenty_epochs():
    assert estimate_paper(37_200.0) == 100


def test_after_some_minutes_no_further_case_is_begun(monkeypatch):
    monkeypatch.setattr(gpu, "SECONDS", 0)

    document = measure_cases([Case("bpr-mf")])

    assert document["results"] == [] and document["left out"] == ["bpr-mf"]
    assert "Left out, as 0 s had passed: bpr-mf." in format_gpu_table(document)
