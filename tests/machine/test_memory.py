"""How much memory can still be had, and which errors mean that it ran out, as the libraries word them."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from pipeline.errors import ModelError
from pipeline.machine import memory as memory_module
from pipeline.machine.memory import is_out_of_memory, measure_container_memory, measure_free_memory, measure_main_memory

GIB = 2**30


def test_it_is_what_the_machine_says() -> None:
    free = measure_free_memory("cpu")
    assert free.gpu is None and 0 < free.main <= psutil.virtual_memory().total


def write_group(folder: Path, limit: str, used: int = GIB, cached: int = 0) -> Path:
    (folder / "memory.max").write_text(limit)
    (folder / "memory.current").write_text(str(used))
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")
    return folder


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert measure_container_memory(write_group(tmp_path, str(3 * GIB), cached=GIB // 2)) == 2 * GIB + GIB // 2
    write_group(tmp_path, str(GIB + 4096))
    monkeypatch.setattr(memory_module, "CGROUP", tmp_path)
    assert measure_main_memory() == 4096
    write_group(tmp_path, str(GIB // 2))
    assert measure_main_memory() == 0, "over its limit, not below nothing"


def test_no_limit_and_no_group_take_nothing_away(tmp_path: Path) -> None:
    assert measure_container_memory(tmp_path) > 2**60
    assert measure_container_memory(write_group(tmp_path, "max")) > 2**60


def test_machines_without_proc_are_asked_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "MEMINFO", tmp_path / "none")
    assert 0 < measure_main_memory() <= psutil.virtual_memory().total


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
