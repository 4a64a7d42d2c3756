"""Change random bytes of a file, for tests of what is read back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def flip_bytes(content: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Yield `count` copies, one random byte of each another one; the first and the last byte are among them."""
    rng = np.random.default_rng(seed)
    for place in [0, len(content) - 1, *rng.integers(0, len(content), count - 2)]:
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        yield bytes(changed)
