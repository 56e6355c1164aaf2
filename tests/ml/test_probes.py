import numpy as np
import pytest
import torch

from ml import probes


def test_a_linear_probe_finds_what_is_linear_and_nothing_in_noise():
    points = torch.randn(400, 4, generator=torch.Generator().manual_seed(0))
    told = (points[:, 0] > 0).long().numpy()
    noise = np.random.default_rng(0).integers(2, size=400)

    assert probes.linear_probe(points, told).mean() > 0.95
    assert len(probes.linear_probe(points, told)) == 200
    assert probes.linear_probe(points, noise).mean() == pytest.approx(0.5, abs=0.1)
