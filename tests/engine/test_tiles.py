"""Large pictures in windows: averaged without a seam, each steered by its own part of the lines."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from pipeline.controls import HiresFix
from pipeline.engine.tiles import average_windows, cut_window, make_weights
from pipeline.errors import Cancelled
from pipeline.machine import tiles
from pipeline.machine.tiles import Window, plan_windows
from pipeline.values import EdgeMap, GenerationRequest, StepPreview
from tests.conftest import MakeStyle
from tests.tools.controlnets import make_hint
from tests.tools.drawing_requests import make_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine


@pytest.mark.parametrize("size", [(1088, 256), (1280, 1280), (2048, 2048), (2048, 1152), (1600, 640)])
def test_windows_cover_the_picture_and_share_enough(size: tuple[int, int]) -> None:
    width, height = size
    windows = plan_windows(width, height, 8)
    covered = np.zeros((height // 8, width // 8), int)
    for window in windows:
        cut = covered[window.top : window.top + window.height, window.left : window.left + window.width]
        assert cut.shape == (window.height, window.width) and max(cut.shape) <= tiles.WINDOW // 8
        cut += 1
    assert covered.min() == 1
    rows = sorted({window.left for window in windows})
    assert all(before + 96 - after >= 24 for before, after in pairwise(rows))


def test_a_picture_that_is_not_large_is_one_window() -> None:
    assert plan_windows(1024, 768, 8) == (Window(0, 0, 96, 128),)


def test_windows_that_agree_give_the_whole_and_those_that_do_not_pass_over_softly() -> None:
    sample, windows = torch.randn(1, 4, 160, 160), plan_windows(1280, 1280, 8)
    whole = average_windows(sample, windows, lambda number, part: 2 * part)
    torch.testing.assert_close(whole, 2 * sample)
    steps = average_windows(torch.zeros_like(sample), windows, lambda number, part: part + number)
    assert steps[0, 0, 0, 0] == 0 and steps[0, 0, -1, -1] == 3
    assert steps.diff(dim=-1).abs().max() < 0.07 and steps.diff(dim=-2).abs().max() < 0.14  # over 32 shared cells
    assert make_weights(4, 6).min() > 0 and cut_window(sample, Window(3, 5, 7, 9)).shape == (1, 4, 7, 9)


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Denoise what is larger than 64 px in windows of 64."""
    monkeypatch.setattr(tiles, "WINDOWS_FROM", 64)
    monkeypatch.setattr(tiles, "WINDOW", 64)
    monkeypatch.setattr(tiles, "OVERLAP", 32)


def ask(engine: Engine, make_style: MakeStyle, **changed: Any) -> GenerationRequest:
    request = make_request(engine, make_style("neon", 1))
    edges = np.zeros((128, 128), np.uint8)
    edges[40, 10:-10] = edges[8:-20, 90] = 255
    return replace(request, width=128, height=128, edges=EdgeMap(edges, "lines"), **changed)


def draw(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def measure_seams(engine: Engine, make_style: MakeStyle) -> tuple[np.ndarray, np.ndarray]:
    """Draw in two windows of the true size; return how steep the picture is where one of them begins or ends, and
    between all other columns of latent cells.
    """
    request = make_request(engine, make_style("neon", 1))
    edges = np.zeros((128, 1088), np.uint8)
    edges[40, 10:-10] = 255
    request = replace(request, width=1088, height=128, edges=EdgeMap(edges, "lines")).with_settings(
        num_inference_steps=3
    )
    drawn = draw(engine, request)
    steep = np.abs(np.diff(drawn, axis=1)).mean(axis=(0, 2))[7::8]
    borders = [window.left - 1 for window in plan_windows(1088, 128, 8)[1:]] + [95]
    return steep[borders], np.delete(steep, borders)


def test_no_seam_is_steeper_than_what_lies_around_it(
    shallow_engine: Engine, make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger = replace(shallow_engine.profile, max_side=2048)
    monkeypatch.setattr(shallow_engine, "profile", larger)
    monkeypatch.setattr(shallow_engine._controlnets, "_profile", larger)  # plans the picture's memory
    seams, others = measure_seams(shallow_engine, make_style)
    assert others.mean() > 5 and (seams <= np.quantile(others, 0.95)).all()


@pytest.mark.usefixtures("small_windows")
def test_each_window_follows_its_own_lines(shallow_engine: Engine, make_style: MakeStyle) -> None:
    request = ask(shallow_engine, make_style)
    changed = request.edges.pixels.copy()
    changed[100:120, 100:120] = 255
    other = np.abs(
        draw(shallow_engine, request) - draw(shallow_engine, replace(request, edges=EdgeMap(changed, "lines")))
    )
    assert other[64:, 64:].max() > 4 and other[64:, 64:].mean() > 3 * other[:48, :48].mean()
    hints = (make_hint("canny", 128, 128),)
    assert draw(shallow_engine, replace(request, hints=hints)).std() > 20


@pytest.mark.usefixtures("small_windows")
def test_a_second_pass_in_windows_draws_and_ends_within_a_window(shallow_engine: Engine, make_style: MakeStyle) -> None:
    request = ask(shallow_engine, make_style, hires=HiresFix(scale=2, strength=0.6, num_inference_steps=5))
    seen: list[StepPreview] = []
    drawn = shallow_engine.draw(request, on_step=seen.append)
    assert drawn.images[0].size == (128, 128) and [each.is_second for each in seen] == [False] * 4 + [True] * 3
    asked = []

    def stop() -> bool:
        asked.append(len(told))
        return asked.count(4) > 5  # some windows into the first step of the second pass

    told: list[StepPreview] = []
    with pytest.raises(Cancelled):
        shallow_engine.draw(request, on_step=told.append, is_cancelled=stop)
    assert len(told) == 4


@pytest.mark.usefixtures("small_windows")
def test_deep_features_of_each_window_serve_again(shallow_engine: Engine, make_style: MakeStyle) -> None:
    request = ask(shallow_engine, make_style).with_settings(num_inference_steps=8)
    shortcuts = (replace(request.shortcuts, cache_interval=each) for each in (1, 2))
    whole, cached = (draw(shallow_engine, replace(request, shortcuts=each)) for each in shortcuts)
    assert 0 < np.abs(whole - cached).mean() < 25 and np.corrcoef(whole.ravel(), cached.ravel())[0, 1] > 0.9
