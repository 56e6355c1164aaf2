import pytest
import torch
from torch.testing import assert_close

from ml.configs.personal import VbprConfig
from ml.data.interactions import PersonalData
from ml.models.factory import create
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, toy_images, toy_interactions, trained, vectors_of


@pytest.fixture
def model_and_batch():
    """A model of 3 users and 6 items whose numbers nobody trained, and a batch of 4 triples."""
    torch.manual_seed(0)
    model = small("vbpr", lambda_w=0.3, lambda_b=0.2, lambda_e=0.1)
    model.allocate(users=3, items=6)
    for parameter in (model.gamma_u, model.theta_u, model.gamma_i, model.beta_i, model.E, model.beta_prime):
        torch.nn.init.normal_(parameter, std=0.5)
    model.cached_features = torch.randn(6, model.frozen.width).half()
    return model, (torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 2, 3]), torch.tensor([5, 4, 3, 0]))


def test_a_score_is_the_papers_equation(model_and_batch):
    model, (u, i, _) = model_and_batch

    x = model.score(u, i, model.cached_features[i].float())

    for row, (user, item) in enumerate(zip(u.tolist(), i.tolist(), strict=True)):
        f = model.cached_features[item].float()
        expected = model.beta_i[item] + model.gamma_u[user] @ model.gamma_i[item]
        expected = expected + model.theta_u[user] @ (model.E @ f) + model.beta_prime @ f
        assert_close(x[row], expected, rtol=1e-4, atol=1e-4)


def test_the_loss_is_the_papers_with_a_tenth_on_the_others_bias(model_and_batch):
    model, (u, i, j) = model_and_batch

    [(_, loss)] = model.objectives((u, i, j))

    naive = 0.05 * (model.E.square().sum() + model.beta_prime.square().sum())
    for user, one, other in zip(u.tolist(), i.tolist(), j.tolist(), strict=True):
        own = (model.gamma_u[user], model.theta_u[user], model.gamma_i[one], model.gamma_i[other])
        naive = naive + 0.15 * sum(vector.square().sum() for vector in own)
        naive = naive + 0.1 * (model.beta_i[one] ** 2 + model.beta_i[other] ** 2 / 10)
        x = [
            model.score(*(torch.tensor([n]) for n in (user, item)), model.cached_features[[item]].float())
            for item in (one, other)
        ]
        naive = naive - torch.sigmoid(x[0] - x[1]).log().sum()
    assert_close(loss, naive / 4, rtol=1e-4, atol=1e-4)


def test_swapping_the_items_negates_their_difference(model_and_batch):
    model, (u, i, j) = model_and_batch
    model.config = VbprConfig(lambda_w=0.0, lambda_b=0.0, lambda_e=0.0)

    [(_, loss)] = model.objectives((u, i, j))
    [(_, swapped)] = model.objectives((u, j, i))

    # softplus(-x) - softplus(x) = -x
    x_uij = model.score(u, i, model.cached_features[i].float()) - model.score(u, j, model.cached_features[j].float())
    assert_close(loss - swapped, -x_uij.mean(), rtol=1e-4, atol=1e-4)


def test_one_inner_product_is_the_whole_score():
    model, data = small("vbpr"), data_for("vbpr")
    exhaust(fit(model, data, TrainConfig(epochs=3)))

    features = model.catalogue_features(data).float()
    scores = model.user_vectors() @ vectors_of(model).T

    items = torch.arange(20)  # all taken, so that their own factors count
    with torch.no_grad():
        direct = model.score(torch.full((20,), 5), items, features[:20])
    assert_close(scores[5, :20] - scores[5, 0], direct - direct[0], rtol=1e-3, atol=1e-3)
    assert model.dimensions == 10 + 1 + 10 + 1


def test_the_vector_of_an_item_that_nobody_took_depends_on_its_image_alone():
    model = trained("vbpr", epochs=10)
    images = toy_images(40).batch(range(40))

    with torch.inference_mode():
        known, new = model.embed(images, torch.arange(40)), model.embed(images, torch.full((40,), -1))

    assert torch.equal(known[20:], new[20:])  # nobody took these
    assert not new[:, :11].any()  # an average item's factors and bias
    assert (known[:20] != new[:20]).any(dim=1).all()


def test_features_can_be_those_of_a_network(squeezenet_file):
    model = create("vbpr", features="squeezenet1_1", weights=str(squeezenet_file))
    data = PersonalData(toy_images(8, 224), toy_interactions(users=2, items=8, taken=2))

    exhaust(fit(model, data, TrainConfig(epochs=1)))

    assert vectors_of(model, 8).shape == (8, 102)
