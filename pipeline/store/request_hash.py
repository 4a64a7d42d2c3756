"""Hash a complete request: equal for equal requests alone, whoever asks and wherever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.values import GenerationRequest

PLAIN = (str, int, float, bool, type(None))


def hash_request(request: GenerationRequest) -> str:
    """Return the SHA-256 of everything that a request holds, pixels too, in hexadecimal. Raises TypeError for a kind
    of value that is not known here.
    """
    digest = hashlib.sha256()
    for part in _write(request):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _write(value: Any) -> Iterator[bytes]:
    """Yield what tells a value from every other one; where a file lies says nothing of what is in it."""
    name = type(value).__name__.encode()
    if isinstance(value, PLAIN):
        yield from (name, repr(value).encode())
    elif isinstance(value, Path):
        yield name
    elif isinstance(value, np.ndarray):
        yield from (name, str((value.dtype.str, value.shape)).encode(), np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Image.Image):
        yield from (name, str((value.mode, value.size)).encode(), value.tobytes())
    elif is_dataclass(value):
        yield name
        for field in fields(value):
            yield field.name.encode()
            yield from _write(getattr(value, field.name))
    elif isinstance(value, tuple | list | Mapping):
        parts = list(value.items()) if isinstance(value, Mapping) else value
        yield from (name, str(len(parts)).encode())
        for part in parts:
            yield from _write(part)
    else:
        raise TypeError(f"A request holds {type(value).__name__}, which cannot be hashed.")
