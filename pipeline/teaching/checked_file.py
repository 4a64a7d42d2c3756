"""Write tensors whole or not at all, and read them only where every byte is what was written."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from pipeline.disk_faults import explain_disk_fault
from pipeline.errors import StoreError
from pipeline.whole_file import write_whole

log = logging.getLogger(__name__)

HEAD = 65  # bytes: the SHA-256 of all that follows in hexadecimal, and a line's end
FACTS = "facts"  # key of safetensors' metadata


def write_tensors(file: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts (JSON) so that a kill at any moment leaves the old file or the new one.

    They go to a file beside it, to the disk, and only then in its place. Raises StoreError.
    """
    stored = save({name: value.contiguous() for name, value in tensors.items()}, {FACTS: json.dumps(facts)})
    try:
        write_whole(file, hashlib.sha256(stored).hexdigest().encode() + b"\n" + stored, is_synced=True)
    except OSError as error:
        raise StoreError(explain_disk_fault(error) or f"The training could not be kept: {error.strerror}.") from error


def read_tensors(file: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return what `write_tensors` wrote; None, with a line in the log, where it is absent, damaged or not of finite
    numbers.
    """
    try:
        content = file.read_bytes()
        head, stored = content[:HEAD], content[HEAD:]
        if head != hashlib.sha256(stored).hexdigest().encode() + b"\n":
            raise ValueError("its bytes are not those that were written")
        length = int.from_bytes(stored[:8], "little")
        tensors = load(stored)
        if not are_finite(tensors.values()):
            raise ValueError("its numbers are not finite")
        return tensors, dict(json.loads(json.loads(stored[8 : 8 + length])["__metadata__"][FACTS]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        log.warning("%s was left out: %s", file, error)
        return None


def are_finite(tensors: Iterable[Tensor]) -> bool:
    """Return whether no number of the tensors is infinite or none."""
    return all(bool(tensor.isfinite().all()) for tensor in tensors)
