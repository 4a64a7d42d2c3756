"""Read the header of a .safetensors file, names and shapes, without its tensors."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ModelError

HEADER_LIMIT = 100_000_000  # bytes; safetensors' own limit
AGAIN = "Download it again; a .ckpt or .bin file that was renamed does not do."

Shapes = Mapping[str, tuple[int, ...]]


def read_shapes(path: Path) -> Shapes:
    """Return each tensor's name and shape. Raises ModelError for a file that is cut off or of another kind."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))[0]
        if length > min(size - 8, HEADER_LIMIT):
            raise ModelError(f"{path.name} is no whole .safetensors file: {size} bytes do not hold its head. {AGAIN}")
        head = file.read(length)
    try:
        tensors = {name: entry for name, entry in json.loads(head).items() if name != "__metadata__"}
        end = max((int(entry["data_offsets"][1]) for entry in tensors.values()), default=0)
        shapes = {name: tuple(map(int, entry["shape"])) for name, entry in tensors.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelError(f"{path.name} is no .safetensors file: its head cannot be read. {AGAIN}") from error
    if 8 + length + end != size:
        raise ModelError(f"{path.name} is cut off: it has {size} bytes of {8 + length + end}. {AGAIN}")
    return shapes
