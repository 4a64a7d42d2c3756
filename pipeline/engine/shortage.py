"""Say what a person can do whose picture does not fit in memory."""

from __future__ import annotations

from pipeline.machine.memory import measure_free_memory
from pipeline.machine.plan import MODE_MEANINGS, MemoryMode, describe_what_fits
from pipeline.models.profile import ModelProfile


def explain_shortage(
    profile: ModelProfile,
    size: tuple[int, int],
    mode: MemoryMode,
    device: str,
    dtype: str,
    float32_decoder: bool,
) -> str:
    """Write the message for a picture that fits in no mode: what was asked for, and what would fit.

    `size` is its width and height in px, `mode` the last one that was tried, `device` and `dtype` those of the usual
    one; `float32_decoder` says that the autoencoder computes in 32 bits.
    """
    free = measure_free_memory(device)
    fits = describe_what_fits(profile, free, device, dtype=dtype, float32_decoder=float32_decoder)
    asked = f"{size[0]} x {size[1]} px"
    return (
        f"There is not enough memory for this picture ({asked}), not even with {MODE_MEANINGS[mode]}. {fits}. "
        "Draw it smaller, close other programs, or set CROQUIS_MEMORY to a lower mode."
    )
