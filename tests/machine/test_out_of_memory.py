"""Which errors mean that memory ran out, as the libraries word them."""

from __future__ import annotations

import pytest

from pipeline.errors import ModelError
from pipeline.machine.memory import is_out_of_memory


class OutOfMemoryError(RuntimeError):
    """Named as torch names it."""


@pytest.mark.parametrize(
    "error",
    [
        OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you "
            "tried to allocate 4294967296 bytes. Error code 12 (Cannot allocate memory)"
        ),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("could not create a memory object"),
        MemoryError(),
    ],
    ids=lambda error: str(error)[:30],
)
def test_every_way_to_run_out_of_memory_is_known(error: Exception) -> None:
    assert is_out_of_memory(error)
    told = ModelError("The model could not be loaded.")
    told.__cause__ = error
    assert is_out_of_memory(told)


@pytest.mark.parametrize("error", [RuntimeError("shape mismatch"), ValueError("out of memory"), ModelError("broken")])
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not is_out_of_memory(error)
