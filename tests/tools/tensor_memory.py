"""Count how many bytes of tensors are alive at once, through modules that compute nothing."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.tools.full_size_modules import make_modules, make_step_inputs, run_step


class TensorByteCounter(TorchDispatchMode):
    """This counts storages from their first appearance until they go; those of `known` tensors are not counted.

    With `allocated` it counts what takes memory alone: nothing on "meta", and nothing that was there before an
    operation looked at it, as tensors of a mapped file are, whose pages are the system's to take back.
    """

    def __init__(self, known: Iterator[Tensor], *, allocated: bool = False) -> None:
        super().__init__()
        self._allocated = allocated
        self._kept = [tensor.untyped_storage() for tensor in known]  # or their addresses would be given out again
        self._known = {storage._cdata for storage in self._kept}
        self._alive: dict[int, int] = {}
        self.peak = 0

    @property
    def current(self) -> int:
        """Bytes that are alive now."""
        return sum(self._alive.values())

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        made = list_storages(result)
        if self._allocated:
            given = {storage._cdata for storage in list_storages((args, kwargs))}
            made = [each for each in made if each._cdata not in given and each.device.type != "meta"]
        for storage in made:
            self._count_storage(storage)
        return result

    def _count_storage(self, storage: Any) -> None:
        key = storage._cdata
        if key not in self._known and key not in self._alive:
            self._alive[key] = storage.nbytes()
            self.peak = max(self.peak, self.current)
            weakref.finalize(storage, self._alive.pop, key, None)


def list_storages(tree: Any) -> list[Any]:
    """List the storages of the tensors in nested lists, tuples and dicts."""
    return [each.untyped_storage() for each in tree_leaves(tree) if isinstance(each, Tensor)]


@contextmanager
def replace_attention() -> Iterator[None]:
    """Let attention hold its output alone, as torch's fused kernels do; "meta" would unfold the whole matrix."""
    real = functional.scaled_dot_product_attention
    functional.scaled_dot_product_attention = lambda query, key, value, **options: torch.empty_like(query)
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = real


def measure_peak(modules: Iterable[Any], work: Callable[[], object]) -> int:
    """Measure the most bytes alive beside the modules' weights, and inputs that exist before."""
    live = TensorByteCounter(parameter for module in modules for parameter in module.parameters())
    with torch.no_grad(), replace_attention(), live:
        work()
    return live.peak


def derive_peaks(
    sides: tuple[int, ...] = (512,), batch: int = 1, dtype: torch.dtype = torch.float16
) -> Iterator[dict[str, Any]]:
    """Yield rows of SD 1.5's peaks: a guided denoising step, and one picture's decoding."""
    sized = make_modules(dtype=dtype, device="meta")
    sized.controlnet.controlnet_cond_embedding = torch.nn.Identity()
    for side in sides:
        inputs = make_step_inputs(sized, side, side, batch, "meta", dtype)
        latents = torch.zeros(1, 4, side // 8, side // 8, device="meta", dtype=dtype)
        for what, work in (
            ("steps", lambda i=inputs: run_step(sized, i)),
            ("decode", lambda z=latents: sized.vae.decode(z, return_dict=False)),
        ):
            peak = measure_peak(sized, work)
            yield {
                "what": what,
                "side": side,
                "batch": batch,
                "bytes": peak,
                "bytes_per_px": round(peak / side / side / (batch if what == "steps" else 1), 1),
            }
