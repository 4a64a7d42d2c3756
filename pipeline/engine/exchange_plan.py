"""Plan how much main memory another model takes while it is read beside the one that draws."""

from __future__ import annotations

from typing import Any

import torch

from pipeline.errors import OutOfMemory
from pipeline.machine.memory import measure_main_memory
from pipeline.machine.plan import format_gigabytes
from pipeline.models.model_folders import PARTS


def count_numbers(pipeline: Any) -> int:
    """Return how many numbers the weights of UNet, VAE and text encoder are."""
    return sum(weight.numel() for part in PARTS for weight in getattr(pipeline, part).parameters())


def plan_reading(numbers: int, dtype: torch.dtype) -> int:
    """Return the bytes that a model of so many numbers takes while it is read into `dtype`: what it is computed with.

    Its files are mapped into memory, and their pages are the system's to take back; one tensor after the other is cast.
    A VAE of a person's own is read in the place of the model's own.
    """
    return dtype.itemsize * numbers


def expect_room(needed: int) -> None:
    """Raise OutOfMemory unless so many bytes of main memory are free."""
    free = measure_main_memory()
    if needed > free:
        raise OutOfMemory(
            f"There is not enough memory to change the model: reading the new one takes {format_gigabytes(needed)} for "
            f"a while, and {format_gigabytes(free)} are free. Close other programs and try again."
        )
