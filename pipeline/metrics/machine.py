"""Read how much memory of the GPU is used, for Prometheus; the process's own memory its client library reads."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client.core import Metric

GPU_MEMORY = "croquis_gpu_memory_bytes"


class GpuMemory:
    """GpuMemory is a collector that reads the memory of each CUDA device when the measurements are asked for."""

    def collect(self) -> Iterable[Metric]:
        """Return one measurement, without samples where torch runs on no GPU."""
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(GPU_MEMORY, "Memory of a GPU, by what it is", labels=("device", "kind"))
        for device, kinds in enumerate(read_gpu_memory()):
            for kind, count in kinds.items():
                family.add_metric((str(device), kind), count)
        return [family]


def read_gpu_memory() -> list[dict[str, int]]:
    """Return the bytes of each CUDA device: in use by tensors, held by torch, free, all.

    Only where torch has begun to use CUDA: the question itself would take memory of the GPU.
    """
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    has_begun = getattr(cuda, "is_initialized", None)  # None while torch is being imported, too
    if has_begun is None or not has_begun():
        return []
    return [_read_device(cuda, device) for device in range(cuda.device_count())]


def _read_device(cuda: Any, device: int) -> dict[str, int]:
    free, total = cuda.mem_get_info(device)
    return {
        "allocated": cuda.memory_allocated(device),
        "reserved": cuda.memory_reserved(device),
        "free": free,
        "total": total,
    }
