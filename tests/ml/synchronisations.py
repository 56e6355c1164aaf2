"""Operations for which a GPU would have to end all its work, counted on a CPU."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

# What they return, or its shape, is known on the host only once the device has computed it.
READS = {
    torch.ops.aten._local_scalar_dense.default,
    torch.ops.aten.is_nonzero.default,
    torch.ops.aten.equal.default,
    torch.ops.aten.nonzero.default,
    torch.ops.aten.masked_select.default,
    torch.ops.aten.unique_dim.default,
    torch.ops.aten.unique_consecutive.default,
    torch.ops.aten._unique2.default,
    torch.ops.aten.repeat_interleave.Tensor,
    torch.ops.aten.multinomial.default,
}
INDEXED = {torch.ops.aten.index.Tensor, torch.ops.aten.index_put_.default, torch.ops.aten._index_put_impl_.default}


class Synchronisations(TorchDispatchMode):
    """Counts, by name, the operations in its block that would wait for a GPU, but for those of `apart`."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.is_apart = False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        is_mask = function in INDEXED and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        )
        if (function in READS or is_mask) and not self.is_apart:
            self.counts[str(function)] += 1
        return function(*args, **(kwargs or {}))

    @contextmanager
    def optimizers_apart(self) -> Iterator[None]:
        """Leave out what optimizers read: the numbers of their steps, which are on the CPU wherever the model is."""

        def set_apart(apart: bool):
            def hook(*_: object) -> None:
                self.is_apart = apart

            return hook

        hooks = [
            register_optimizer_step_pre_hook(set_apart(True)),
            register_optimizer_step_post_hook(set_apart(False)),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
