"""Measure how much memory this process can still get, and tell when it ran out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
OUT_OF_MEMORY = (
    "out of memory",  # CUDA's and MPS's
    "can't allocate memory",  # DefaultCPUAllocator's
    "not enough memory",  # the same on Windows
    "could not create a memory object",  # oneDNN's
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


@dataclass(frozen=True)
class FreeMemory:
    """Bytes that can still be had, as measured when nothing of ours was loaded."""

    gpu: int | None  # None: no GPU
    main: int


def measure_free_memory(device: str) -> FreeMemory:
    """Measure the machine, and the GPU where `device` is "cuda" (takes seconds the first time)."""
    return FreeMemory(gpu=measure_gpu_memory() if device == "cuda" else None, main=measure_main_memory())


def measure_gpu_memory() -> int:
    """Return the bytes that the driver still gives and torch holds unused, at most our share of the card."""
    import torch

    driver, total = torch.cuda.mem_get_info()
    allocated, reserved = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
    share = int(torch.cuda.get_per_process_memory_fraction() * total)
    return max(0, min(driver + reserved - allocated, share - allocated))


def measure_main_memory() -> int:
    """Return the free bytes of the machine, or of the container where that is less."""
    if not MEMINFO.exists():  # macOS, Windows
        import psutil  # type: ignore[import-untyped]

        return int(psutil.virtual_memory().available)
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text(encoding="ascii").splitlines())
    machine = int(lines["MemAvailable"].split()[0]) * 1024
    return max(0, min(machine, measure_container_memory(CGROUP)))


def measure_container_memory(group: Path) -> int:
    """Return the unused bytes of cgroup v2's limit, file caches counted as free; 2**62 without a limit."""
    try:
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        used = int((group / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):  # no such group, or "max"
        return 2**62
    return max(0, limit - used + int(stat.get("inactive_file", 0)))


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory ran out: CUDA's, MPS's, the processor's, Python's own.

    It goes by names and words, so that torch need not be imported.
    """
    if error.__cause__ is not None and is_out_of_memory(error.__cause__):  # raised as another error on its way
        return True
    named = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, MemoryError) or "OutOfMemoryError" in named:
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in OUT_OF_MEMORY)
