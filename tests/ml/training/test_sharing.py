import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.testing import assert_close

from ml.errors import BadCheckpoint, NotShareable
from ml.training import sharing
from ml.training.loop import fit
from tests.ml.training import member
from tests.ml.worlds import small

# Of the losses, against one process. Sums are rounded in another order, which the batch norms of visrec enlarge from
# step to step (in float64 the gradients of a first step differ by 4e-13); vae draws other noise for its codes.
TOLERANCE = {"visrec": 0.01, "vae": 0.03}


def free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder, ports = tmp_path_factory.mktemp("group"), ",".join(free_ports(len(member.METHODS) + 2))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.ml.training.member", str(folder)]
    processes = [subprocess.Popen([*command, rank, ports], env=environment) for rank in ("0", "1", "1 again")]
    ends = [process.wait(timeout=300) for process in processes]
    assert ends == [0, -9, 0]
    return json.loads((folder / "results.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("method", member.METHODS)
def test_two_processes_have_the_losses_of_one(method, results):
    alone = [epoch.losses for epoch in fit(member.create(method), member.data_of(method), member.CONFIG)]

    assert len(results[method]) == len(alone) == 3
    for shared, single in zip(results[method], alone, strict=True):
        for name in shared:
            if "/" not in name:  # parts of a loss may be small
                assert shared[name] == pytest.approx(single[name], rel=TOLERANCE.get(method, 0.001)), name


@pytest.mark.slow
def test_when_a_process_dies_the_other_says_so_and_has_saved_what_was_done(results):
    assert "process 0 of 2 stops, as another has ended or does not answer" in results["lost"]["message"]
    assert results["lost"]["epochs"] == ["epoch-00001"]


@pytest.mark.slow
def test_resumed_training_of_two_processes_ends_with_the_same_weights(results):
    assert results["resumed"]["equal"] and len(results["resumed"]["losses"]) == 2
    assert results["resumed"]["losses"] == results[member.INTERRUPTED][1:]


@pytest.fixture
def group_of_one():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize(("norm", "shape"), [(nn.BatchNorm1d(4), (6, 4)), (nn.BatchNorm2d(4), (6, 4, 3, 2))])
def test_a_shared_batch_norm_is_that_of_torch(norm, shape, group_of_one):
    rows = torch.randn(shape, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.arange(rows.numel()).view(shape)
    alone, shared = (nn.Sequential(type(norm)(4)) for _ in range(2))
    (alone(rows) * weights).sum().backward()
    expected, rows.grad = rows.grad, None

    sharing_model = small("visrec")
    sharing_model.projector = shared
    with sharing.shared(sharing_model):
        (shared(rows) * weights).sum().backward()

    assert_close(rows.grad, expected, rtol=1e-4, atol=1e-4)
    assert_close(shared.state_dict(), alone.state_dict())
    assert "forward" not in vars(shared[0])


def test_a_method_that_compares_nothing_over_processes_is_refused_by_name(group_of_one):
    refused = pytest.raises(NotShareable, match="^lightgcn cannot be trained by several processes")
    with refused, sharing.shared(small("lightgcn")):
        pass


def test_folders_that_differ_are_refused(tmp_path, monkeypatch):
    (tmp_path / "epoch-00002").mkdir()
    monkeypatch.setattr("ml.group.agree", lambda number: 3.0)  # what process 0 on another host says

    with pytest.raises(BadCheckpoint, match="process 0 sees epoch 2, process 0 epoch 3"):
        sharing.agree_on_epoch(tmp_path)


def test_noise_differs_between_processes(monkeypatch):
    torch.manual_seed(5)
    sharing.draw_apart()
    first = torch.rand(3)
    torch.manual_seed(5)
    monkeypatch.setattr("ml.group.rank", lambda: 1)
    sharing.draw_apart()

    assert not torch.equal(first, torch.rand(3))
