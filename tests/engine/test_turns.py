import threading
import time

import pytest

from pipeline.engine.turns import Turns
from pipeline.errors import EngineChanged


def test_one_at_a_time_and_nobody_after_it_retired():
    turns, order = Turns("The engine"), []
    holds, may_end = threading.Event(), threading.Event()

    def hold():
        with turns.take():
            holds.set()
            may_end.wait(10)
            order.append("first")

    def wait():
        try:
            with turns.take():
                order.append("drew")
        except EngineChanged as error:
            order.append(str(error))

    first = threading.Thread(target=hold)
    first.start()
    assert holds.wait(10)
    retiring = threading.Thread(target=lambda: turns.retire(lambda: order.append("replaced")))
    retiring.start()
    may_end.set()
    for thread in (first, retiring):
        thread.join(10)
    wait()
    assert order[:2] == ["first", "replaced"] and order[2].startswith("The engine was replaced")


def test_the_same_thread_may_take_its_turn_within_its_turn():
    turns = Turns("The engine")
    with turns.take(), turns.take():
        pass
    turns.retire(lambda: None)
    with pytest.raises(EngineChanged), turns.take():
        pass


def test_who_gives_way_waits_for_everybody_else():
    turns, order = Turns("The engine"), []

    def draw(name: str, gives_way: bool) -> threading.Thread:
        def run() -> None:
            with turns.take(gives_way=gives_way):
                order.append(name)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with turns.take():
        threads = [draw("live", True), draw("another live", True)]
        threads += [draw("a draw", False)]
        while turns._waiting < 1:  # until the draw, which came last, waits too
            time.sleep(0.01)
    for thread in threads:
        thread.join(10)
    assert order[0] == "a draw" and len(order) == 3
