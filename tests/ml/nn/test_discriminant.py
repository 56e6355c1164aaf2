import torch

from ml.nn.discriminant import Discriminant, find_neighbours


def test_directions_in_which_neighbours_differ_count_less():
    chance = torch.Generator().manual_seed(0)
    centres = torch.randint(0, 2, (300, 2), generator=chance).float() * 2 - 1  # four tight groups in the first two
    loud = torch.randn(300, 4, generator=chance)  # as wide as the groups are apart, and says nothing
    features = torch.cat([3 * centres + 0.1 * torch.randn(300, 2, generator=chance), loud], dim=1)
    group = (centres > 0).float() @ torch.tensor([1.0, 2.0])

    model = Discriminant(6, 2)
    model.fit(features)

    found = group[find_neighbours(torch.nn.functional.normalize(model(features), dim=1), 5)]
    assert (found == group[:, None]).float().mean() > 0.98
    assert model.basis[2:].norm() < 0.2 * model.basis[:2].norm()


def test_a_few_pictures_or_all_the_same_give_finite_directions():
    for features in (torch.randn(3, 20), torch.ones(12, 20)):
        model = Discriminant(20, 8)
        model.fit(features)

        assert model(features).isfinite().all()
        assert model(features).shape == (len(features), 8)


def test_more_directions_than_features_are_zero():
    model = Discriminant(4, 6)

    model.fit(torch.randn(50, 4))

    assert not model.basis[:, 4:].any()


def test_nearest_leaves_itself_out():
    vectors = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])

    assert find_neighbours(vectors, 1)[:, 0].tolist() == [1, 0, 1]
