"""Which errors mean that memory ran out."""

from __future__ import annotations

OUT_OF_MEMORY = (
    "out of memory",  # CUDA's and MPS's
    "can't allocate memory",  # DefaultCPUAllocator's
    "not enough memory",  # the same on Windows
    "could not create a memory object",  # oneDNN's
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is a machine without memory: CUDA's, MPS's, the processor's, Python's own. Asks torch nothing."""
    if error.__cause__ is not None and is_out_of_memory(error.__cause__):  # told as something else on its way
        return True
    named = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, MemoryError) or "OutOfMemoryError" in named:
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in OUT_OF_MEMORY)
