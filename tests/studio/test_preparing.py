"""What comes before the engine's turn is done in turns, too: many calls of one visitor keep one thread busy."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.errors import CroquisError, StyleError
from pipeline.models.catalog import POCKET
from pipeline.places import Place, get_place, hold_place
from pipeline.request.order import Order, parse_order
from pipeline.settings import ROOT, Settings
from pipeline.sketch.intake import read_image
from pipeline.studio.calls import read_call_in_turn
from pipeline.studio.studio import Studio
from tests.tools.image_files import draw_fox
from tests.tools.waiting import PATIENCE, wait_until


class Work:
    """Work notes who is at it, and ends in words for the person: nothing is drawn in these tests."""

    def __init__(self) -> None:
        self._lock, self.running, self.most, self.order = threading.Lock(), Counter[str](), Counter[str](), list[str]()

    def do(self, *_: object) -> NoReturn:
        place = get_place()
        assert place is not None
        with self._lock:
            self.order.append(place.visitor)
            self.running[place.visitor] += 1
            self.most[place.visitor] = max(self.most[place.visitor], self.running[place.visitor])
        time.sleep(0.05)
        with self._lock:
            self.running[place.visitor] -= 1
        raise StyleError("That was all.")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(Settings(profile="pocket", device="cpu", styles=ROOT / "styles", user_dir=tmp_path))


def call_as(visitor: str, call: Callable[[], object]) -> threading.Thread:
    """Call for a visitor in a thread."""

    def run() -> None:
        with hold_place(Place(visitor, lambda place: None)), pytest.raises(CroquisError):
            call()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def make_order() -> Order:
    return parse_order(POCKET, sketch=read_image(draw_fox()), prompt="a fox")


@pytest.mark.parametrize("part", ["files", "style"])
def test_one_call_of_a_visitor_is_prepared_at_a_time(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    work, order = Work(), make_order()
    monkeypatch.setattr(studio, "choose_style", work.do)
    calls = {"files": lambda: read_call_in_turn(studio, work.do), "style": lambda: studio.draw_batch(order, 1)}
    threads = [call_as("many", calls[part]) for _ in range(8)]
    wait_until(lambda: len(work.order) > 0)
    threads.append(call_as("other", calls[part]))
    for each in threads:
        each.join(PATIENCE)
    assert len(work.order) == 9 and work.most["many"] == 1
    assert "other" in work.order[:4], work.order
