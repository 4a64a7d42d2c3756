"""Set how many processor threads torch splits its work among.

torch keeps the count for each thread that computes, and gives the one set last to those that are new to it
(ParallelOpenMP.cpp of PyTorch). So whoever computes says how many it wants, and does not rely on what others have set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

USUAL_COUNT = torch.get_num_threads()  # what torch takes by itself, or OMP_NUM_THREADS says


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Have torch split what this thread computes among `count` threads, 1 or more, and as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def use_usual_threads() -> Iterator[None]:
    """Have torch split what this thread computes among as many threads as it takes by itself, and as before after."""
    with use_threads(USUAL_COUNT):
        yield
