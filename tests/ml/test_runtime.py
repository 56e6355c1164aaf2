import pytest
import torch

from ml.runtime import best_device, bf16_is_fast, seeded


def numbers(seed: int, number: int) -> tuple[list[float], list[float]]:
    with seeded(seed, number) as generator:
        return torch.rand(3, generator=generator).tolist(), torch.rand(3).tolist()


def test_seed_and_number_decide_both_generators():
    assert numbers(1, 2) == numbers(1, 2)
    assert len({tuple(own + shared) for own, shared in (numbers(1, 2), numbers(1, 3), numbers(2, 2))}) == 3


def test_torchs_own_generator_is_restored_even_after_an_error():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)

    with pytest.raises(ZeroDivisionError), seeded(0, 0):
        torch.rand(7)
        raise ZeroDivisionError

    assert torch.equal(torch.rand(3), expected)


def test_bfloat16_is_fast_only_where_the_processor_has_instructions_for_it(monkeypatch):
    for flags, expected in (("flags : sse avx2", False), ("flags : avx2 avx512_bf16", True), ("amx_bf16", True)):
        bf16_is_fast.cache_clear()
        monkeypatch.setattr("pathlib.Path.read_text", lambda path, flags=flags: flags)
        monkeypatch.setattr("pathlib.Path.exists", lambda path: True)
        assert bf16_is_fast(torch.device("cpu")) is expected
    bf16_is_fast.cache_clear()


def test_the_best_device_is_a_gpu_where_there_is_one():
    assert best_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
