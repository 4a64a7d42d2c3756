"""Read and write the small files of what was fitted to the network's weights: arrays by name, in fp16."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def load_arrays(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Float]:
    """Load arrays by name. Raises ValueError where one is missing, of another shape or not finite."""
    with np.load(file) as data:
        if missing := set(shapes) - set(data.files):
            raise ValueError(f"{file} lacks {', '.join(sorted(missing))}.")
        arrays = {name: data[name].astype(np.float32) for name in shapes}
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{file}: expected finite {name} of {shape}, found {arrays[name].shape}.")
    return arrays


def save_arrays(file: Path, arrays: Mapping[str, Float]) -> None:
    """Write arrays by name as npz, in fp16."""
    np.savez(file, allow_pickle=False, **{name: array.astype(np.float16) for name, array in arrays.items()})
