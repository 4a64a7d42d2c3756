"""Give freed memory back to the system: glibc keeps it in an arena of each thread, 100 MB after a large picture,
more than 1 GB after SD 1.5's weights were read and cast.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


def give_memory_back() -> None:
    """Have the system take back what this process freed; milliseconds for a picture, 0.1 s for a gigabyte.

    Does nothing where there is no glibc.
    """
    trim = _find_trim()
    if trim is not None:
        trim(0)


@cache
def _find_trim() -> Callable[[int], int] | None:
    """Return glibc's malloc_trim (malloc_trim(3)); None where there is none, as with musl."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
