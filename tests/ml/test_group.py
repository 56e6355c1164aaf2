"""In a group of one process; tests/ml/training/test_sharing.py has two."""

import pytest
import torch
import torch.distributed as dist

from ml import group
from ml.errors import ProcessLost


@pytest.fixture
def group_of_one():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_alone_a_process_has_all_rows_and_gathers_nothing():
    rows = torch.ones(3, 2)

    assert group.launched() == group.size() == 1 and group.rank() == 0 and not group.is_shared()
    assert group.own_rows(7) == slice(0, 7)
    assert group.gather(rows) is rows
    assert group.agree(0.25) == 0.25


def test_the_rows_of_all_processes_are_all_rows_once(monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 3)
    rows = []
    for rank in range(3):
        monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
        rows += range(10)[group.own_rows(10)]

    assert rows == list(range(10))


def test_gathered_rows_have_gradients(group_of_one):
    own = torch.tensor([[1.0], [2.0]], requires_grad=True)

    gathered = group.gather(own)
    gathered.square().sum().backward()

    assert group.is_shared()
    assert torch.equal(gathered, own) and own.grad.tolist() == [[2.0], [4.0]]


def test_gradients_are_averaged_in_place(group_of_one):
    parameters = [torch.ones(2, 3, requires_grad=True), torch.ones(4, requires_grad=True), torch.ones(1)]
    (parameters[0].sum() + 2 * parameters[1].sum()).backward()

    group.average_gradients(parameters)

    assert parameters[0].grad.tolist() == [[1.0] * 3] * 2 and parameters[1].grad.tolist() == [2.0] * 4


def test_a_process_that_finds_no_others_says_so(monkeypatch):
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "9"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(group, "TIMEOUT", group.TIMEOUT / 1200)

    with pytest.raises(ProcessLost, match="not all 2 processes of this training came"), group.joined():
        pass
