import torch
from torch.testing import assert_close

from ml.nn.pca import Pca


def cloud() -> torch.Tensor:
    """(2000, 3) with standard deviations 4, 2 and .5 along the axes, about (1, 2, 3)."""
    points = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0))
    return points * torch.tensor([4.0, 2.0, 0.5]) + torch.tensor([1.0, 2.0, 3.0])


def test_whitened_components_are_equally_strong_and_uncorrelated():
    pca = Pca(3, 2, whitening=1.0)

    pca.fit(cloud())

    assert_close(pca(cloud()).T.cov(), torch.eye(2), atol=0.01, rtol=0)
    assert_close(pca(cloud()).mean(dim=0), torch.zeros(2), atol=1e-4, rtol=0)


def test_half_whitened_components_keep_the_root_of_their_strength():
    pca = Pca(3, 2, whitening=0.5)

    pca.fit(cloud())

    assert_close(pca(cloud()).std(dim=0).square(), torch.tensor([4.0, 2.0]), rtol=0.05, atol=0)


def test_what_is_explained_is_the_variance_of_the_kept_components():
    pca = Pca(3, 2, whitening=0.0)

    pca.fit(cloud())

    assert_close(pca.explained, torch.tensor(20 / 20.25), rtol=0.01, atol=0)


def test_components_beyond_the_datas_rank_are_zero():
    line = torch.linspace(-1, 1, 10)[:, None] * torch.tensor([[1.0, 1.0, 0.0]])
    pca = Pca(3, 3, whitening=1.0)

    pca.fit(line)

    assert pca(line).isfinite().all()
    assert (pca(line).abs().max(dim=0).values > 1e-3).tolist() == [True, False, False]
