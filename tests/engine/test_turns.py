import threading

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
