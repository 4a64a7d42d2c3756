"""Many visitors and many who leave, at the engine's turns: the short side of `tests/benchmarks/visitors.py`."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest

from pipeline.engine.turns import Turns
from pipeline.errors import Cancelled, raise_if_cancelled
from pipeline.places import Place, hold_place


@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_who_leave_at_random_moments_leave_nothing_behind(seed: int) -> None:
    chance, turns = random.Random(seed), Turns("The engine")
    drawing, most, ends = 0, 0, Counter[str]()
    counted = threading.Lock()

    def draw(visitor: str, left: threading.Event) -> None:
        nonlocal drawing, most
        try:
            with hold_place(Place(visitor, turns.look_ahead)), turns.take(work=1, is_cancelled=left.is_set):
                with counted:
                    drawing += 1
                    most = max(most, drawing)
                try:
                    for _ in range(3):  # steps
                        raise_if_cancelled(left.is_set)
                        left.wait(0.002)
                finally:
                    with counted:
                        drawing -= 1
            ends["drawn"] += 1
        except Cancelled:
            ends["left"] += 1

    threads = []
    for number in range(100):
        left = threading.Event()
        threads.append(threading.Thread(target=draw, args=(f"visitor {number % 7}", left)))
        threads.append(threading.Timer(chance.uniform(0, 0.4), left.set))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1, "two were drawn at once"
    assert ends.total() == 100 and ends["left"] > 0 and not turns.is_wanted
    with turns.take():
        pass
