"""Read the header of a .safetensors file, names and shapes, without its tensors."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ModelError
from pipeline.plain_file import open_plain_file

HEADER_LIMIT = 100_000_000  # bytes; safetensors' own limit
HEAD_LIMIT = 16_000_000  # bytes of one that a listing reads; a LoRA's with all its training tags has 2 MB
AGAIN = "Download it again; a .ckpt or .bin file that was renamed does not do."

Shapes = Mapping[str, tuple[int, ...]]


class Header(NamedTuple):
    """Header holds what a .safetensors file says of itself."""

    shapes: Shapes
    metadata: Mapping[str, str]
    start: int  # bytes before the tensors' data


def read_shapes(path: Path) -> Shapes:
    """Return each tensor's name and shape. Raises ModelError for a file that is cut off or of another kind."""
    return read_header(path).shapes


def read_header(path: Path, limit: int = HEADER_LIMIT) -> Header:
    """Return shapes and metadata, of a header of at most `limit` bytes. Raises ModelError as read_shapes does."""
    size = path.stat().st_size
    with open_plain_file(path) as file:
        length = struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))[0]
        if length > min(size - 8, HEADER_LIMIT):
            raise ModelError(
                " ".join((f"{path.name} is no whole .safetensors file: {size} bytes do not hold its head.", AGAIN))
            )
        if length > limit:
            raise ModelError(
                " ".join((f"{path.name} has a head of {length:,} bytes, and at most {limit:,} are read.", AGAIN))
            )
        head = file.read(length)
    try:
        tensors = json.loads(head)
        metadata = tensors.pop("__metadata__", None) or {}
        end = max((int(entry["data_offsets"][1]) for entry in tensors.values()), default=0)
        shapes = {name: tuple(map(int, entry["shape"])) for name, entry in tensors.items()}
        told = {str(name): str(value) for name, value in metadata.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ModelError(" ".join((f"{path.name} is no .safetensors file: its head cannot be read.", AGAIN))) from error
    if 8 + length + end != size:
        raise ModelError(" ".join((f"{path.name} is cut off: it has {size} bytes of {8 + length + end}.", AGAIN)))
    return Header(shapes, told, 8 + length)
