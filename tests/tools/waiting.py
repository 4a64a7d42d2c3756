"""Wait until something is so, which another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 20.0  # seconds


def wait_until(is_so: Callable[[], object], what: str = "", *, seconds: float = PATIENCE, every: float = 0.01) -> None:
    """Wait until `is_so()` is true, looking every so many seconds; fail with `what` where it is not in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(every)
