import subprocess
import sys

import pytest
import torch

from recommender.workers.devices import compute_in_halves, describe, ending_if_gpu_fails, is_gpu_failure, limit_memory

FAILING = """
import sys, torch
from recommender.workers.devices import ending_if_gpu_fails
try:
    with ending_if_gpu_fails():
        raise {error}
except BaseException:
    sys.exit(7)
"""


def run_failing(error: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", FAILING.format(error=error)], capture_output=True, text=True)


def test_a_process_whose_gpu_failed_ends_and_says_so():
    ended = run_failing("torch.AcceleratorError('CUDA error: an illegal memory access was encountered')")

    assert ended.returncode == 1
    assert "the GPU failed: this process ends itself" in ended.stderr


def test_other_errors_end_no_process():
    assert run_failing("RuntimeError('shapes differ')").returncode == 7


def test_a_gpu_without_enough_memory_has_not_failed():
    assert not is_gpu_failure(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."))
    assert is_gpu_failure(RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm"))


def test_what_succeeds_passes():
    with ending_if_gpu_fails():
        passed = True

    assert passed


def test_what_does_not_fit_is_computed_in_halves_in_its_order(caplog):
    tried = []

    def compute(rows: slice) -> torch.Tensor:
        tried.append((rows.start, rows.stop))
        if rows.stop - rows.start > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return torch.arange(rows.start, rows.stop)

    assert compute_in_halves(compute, slice(0, 7)).tolist() == list(range(7))
    assert tried == [(0, 7), (0, 3), (3, 7), (3, 5), (5, 7)]
    assert "too small for 7 images at once" in caplog.text


def test_an_image_that_does_not_fit_alone_is_an_error():
    def compute(rows: slice) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError):
        compute_in_halves(compute, slice(0, 2))


def test_a_device_is_described_by_its_name():
    limit_memory(1.0)

    assert describe() == f"CPU, {torch.get_num_threads()} threads" or torch.cuda.is_available()
