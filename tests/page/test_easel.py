"""Press Draw with inputs that were set for another engine, or while another engine takes over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.engine.turns import Turns
from pipeline.errors import Cancelled, EngineChanged, look_for_cancel
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.profile import ModelProfile
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import Easel
from pipeline.page.page_order import SETTINGS
from pipeline.page.quality import adapt_settings
from pipeline.page.run import Run
from pipeline.request.order import Order
from pipeline.settings import Settings
from pipeline.studio.line import Line
from pipeline.studio.opening import LoadState
from tests.page.test_quality import page_settings

STROKE = {
    "tool": "pen",
    "size": 8,
    "color": "#000000",
    "points": [[100, 100, 0.5], [400, 120, 0.5], [400, 380, 0.5], [120, 400, 0.5]],
}
CANVAS = json.dumps({"version": 1, "width": 512, "height": 512, "picture": None, "strokes": [STROKE]})
VISITOR = SimpleNamespace(
    session_hash="s1", headers={"host": "localhost:7860"}, client=SimpleNamespace(host="127.0.0.1")
)


class DrawingReached(Exception):
    """DrawingReached ends a run of these tests: nothing is drawn."""


class StandInStudio:
    """StandInStudio keeps the orders, and lets sd15 take over in the middle of the first `overtaken` of them."""

    loading = LoadState("Ready", 1.0, ready=True)
    settings = Settings()

    def __init__(self, profile: ModelProfile, overtaken: int = 0) -> None:
        self.profile, self.orders, self._overtaken = profile, list[Order](), overtaken
        self.line = Line(self.settings, lambda: None)
        self.preparing = Turns("Croquis")

    def keep_picture(self, result: Any, file: Path, visitor: str | None) -> None:
        raise AssertionError("nothing was drawn")

    def draw_batch(self, order: Order, count: int, **_: Any) -> list[Any]:
        self.orders.append(order)
        if len(self.orders) <= self._overtaken:
            self.profile = SD15
            raise EngineChanged("The pocket model was replaced.")
        raise DrawingReached


def press_draw(studio: StandInStudio, settings: dict[str, Any], tmp_path: Path) -> list[tuple[Any, Any, str]]:
    easel = Easel(studio, DrawnFiles(str(tmp_path)))  # type: ignore[arg-type]
    return list(easel.draw(VISITOR, CANVAS, *settings.values(), "ticket"))  # type: ignore[arg-type]


def list_numbers(order: Order) -> tuple[Any, ...]:
    sampling = order.sampling
    numbers = (sampling.num_inference_steps, sampling.guidance_scale, sampling.seed)
    return order.engine, order.width, order.height, *numbers


def test_settings_of_the_engine_before_are_drawn_with_those_of_the_one_that_draws(tmp_path: Path) -> None:
    studio = StandInStudio(SD15)
    shown = press_draw(studio, page_settings(POCKET, seed=7, width=512, height=768), tmp_path)
    (order,) = studio.orders
    assert list_numbers(order) == ("sd15", 512, 768, 15, 7.0, 7)
    assert {engine for *_, engine in shown} == {"sd15"}, "the page is not told which engine draws"


@pytest.mark.parametrize("overtaken", [1, 2])
def test_a_run_that_is_overtaken_is_read_anew_once(tmp_path: Path, overtaken: int) -> None:
    studio = StandInStudio(POCKET, overtaken)
    shown = press_draw(studio, page_settings(POCKET, seed=7), tmp_path)
    own = [POCKET.defaults[name] for name in ("num_inference_steps", "guidance_scale")]
    assert [list_numbers(order) for order in studio.orders] == [
        ("pocket", 512, 512, *own, 7),
        ("sd15", 512, 512, 15, 7.0, 7),
    ]
    picture, _, engine = shown[-1]
    assert engine == "sd15" and picture["state"] == "error"
    assert ("was replaced" in picture["message"]) is (overtaken == 2)


def test_every_setting_has_a_place() -> None:
    suit: Callable[..., dict[str, Any]] = adapt_settings
    assert tuple(suit(page_settings(POCKET), SD15)) == SETTINGS and SETTINGS[-1] == "seed"  # as assets/app.js counts


def test_what_a_run_does_looks_for_its_stop() -> None:
    stopped = Event()

    def work(**_: Any) -> None:
        look_for_cancel()
        stopped.set()
        look_for_cancel()

    with pytest.raises(Cancelled):
        list(Run(work, stopped))
