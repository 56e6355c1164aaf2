from dataclasses import replace

import numpy as np
import torch
from torch.testing import assert_close

from ml.models.factory import create
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, vectors_of

KINDS = np.arange(40) % 2  # discs and stripes


def with_categories(categories: np.ndarray | None, epochs: int = 10):
    model = small("fm")
    exhaust(fit(model, replace(data_for("fm"), categories=categories), TrainConfig(epochs=epochs)))
    return model


def test_the_score_is_that_of_a_factorisation_machine_up_to_what_the_user_adds():
    """Over all pairs of the three features, as in the paper's equation 1."""
    model = create("fm", factors=3)
    model.allocate(users=2, items=4, categories=2)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for table in (model.w, model.v, model.b, model.v_c, model.b_c):
            table.normal_(generator=generator)
    model.known.fill_(True)
    model.category.copy_(torch.tensor([0, 1, 1, 2]))

    scores = model.user_vectors() @ model.embed(None, torch.arange(4)).T

    expected = torch.empty(2, 4)
    for user in range(2):
        for item in range(4):
            c = model.category[item]
            w, v, v_c = model.w[user], model.v[item], model.v_c[c]
            expected[user, item] = model.b[item] + model.b_c[c] + w @ v + w @ v_c + v @ v_c
    assert_close(scores, expected.detach())


def test_a_cold_item_is_preferred_by_those_who_take_its_category():
    model = with_categories(KINDS)

    scores = model.user_vectors() @ vectors_of(model).T

    own = torch.arange(24)[:, None] % 2 == torch.arange(20, 40) % 2
    assert scores[:, 20:][own].mean() > scores[:, 20:][~own].mean() + 0.5


def test_without_categories_all_items_share_one_and_cold_ones_are_alike():
    for categories in (None, np.full(40, -1)):
        model = with_categories(categories, epochs=2)

        vectors = vectors_of(model)

        assert model.state_shapes["categories"] == 0
        assert_close(vectors[20:], vectors[20:21].expand(20, -1))
        assert not torch.allclose(vectors[0], vectors[1])


def test_an_item_that_was_added_later_is_the_average_item():
    model = with_categories(KINDS, epochs=2)

    vectors = model.embed(None, torch.tensor([-1, *range(40)]))

    assert (vectors[0] == 0).all()
    assert_close(vectors[1:].mean(dim=0), vectors[0], rtol=0, atol=1e-5)
