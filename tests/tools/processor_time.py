"""Processor time in multiples of a fixed piece of work, so that a bar holds on a slow and busy machine, too."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

SIDE = 512


def measure_against_yardstick(work: Callable[[int], object], repeats: int = 3) -> float:
    """Return the least processor time (all threads) of `work(0)`, `work(1)`, ... over that of the yardstick.

    Both are measured in turn, so that another program on the same core stretches both. The yardstick takes about 10 ms
    of a core of 2024.
    """
    picture = np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32)
    run_yardstick(picture)
    spent, measures = [], []
    for number in range(repeats):
        measures.append(measure_processor_time(lambda: run_yardstick(picture)))
        spent.append(measure_processor_time(lambda number=number: work(number)))  # type: ignore[misc]
    return min(spent) / min(measures)


def measure_processor_time(work: Callable[[], object]) -> float:
    """Return the seconds of processor time, all threads, that `work` takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def run_yardstick(picture: np.ndarray) -> np.ndarray:
    """Blur, raise and sort as painters do: half in OpenCV, half in numpy."""
    soft = cv2.GaussianBlur(picture, (0, 0), 2.0)
    lit = np.exp(-((picture - soft) ** 2))
    return np.partition(lit.reshape(-1), lit.size // 2)
