from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pipeline.pocket.evaluate import engines, speed_trials
from pipeline.pocket.evaluate.bench import make_case
from pipeline.pocket.evaluate.engines import TimedDrawing
from pipeline.pocket.evaluate.speed_trials import run_speed_trial, time_lines
from pipeline.values import GenerationRequest, StyleMix
from tests.tools.draw_functions import PROFILE, STYLES, make_bench
from tests.tools.sample_things import make_pack


class SleepyEngine:
    """An engine that sleeps so long for each style and size, and works for a while."""

    def __init__(self, milliseconds) -> None:
        self.milliseconds, self.seen = milliseconds, []

    def draw(self, request: GenerationRequest) -> SimpleNamespace:
        self.seen.append(request)
        taken = self.milliseconds(request)
        time.sleep(taken / 1000)
        picture = Image.fromarray(np.zeros((request.height, request.width, 3), np.uint8))
        return SimpleNamespace(images=(picture,), milliseconds={"steps": taken / 2, "picture": taken / 4})


def run(engine: SleepyEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int = 4) -> list:
    monkeypatch.setattr(speed_trials, "SIDES", {64: 120.0, 128: 240.0})
    monkeypatch.setattr(speed_trials, "DRAFTS", {64: 110.0})
    monkeypatch.setattr(speed_trials, "SLOWEST", {128: 320.0})
    monkeypatch.setattr(speed_trials, "OWN_PICTURE", {128: 480.0})
    monkeypatch.setattr(engines, "process_time", time.thread_time)  # threads that other tests left count in the process
    timed = TimedDrawing(engine)  # type: ignore[arg-type]
    own = StyleMix.of(replace(STYLES[0], id="own"))
    bench = make_bench(timed, tmp_path)
    return list(run_speed_trial(bench, make_pack(), STYLES[:3], timed, own, count).figures)


def test_each_size_is_timed_and_held_against_its_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = run(SleepyEngine(lambda request: request.width), tmp_path, monkeypatch)
    found = {line.name.strip(): line for line in figures}
    small, usual = (found[f"milliseconds, {side} px, all styles: median"] for side in (64, 128))
    assert 64 <= small.value < 120 and 128 <= usual.value < 240 and "met" in str(small) and "met" in str(usual)
    processor = found["of the processor, all threads"]
    assert processor.value < small.value  # it slept
    assert found["steps"].value == 64 and found["picture"].value == 32  # the usual size's parts alone
    assert found["lines (processor)"].value > 0


def test_a_slow_style_and_a_persons_own_picture_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {STYLES[1].id: 440.0, "own": 560.0}
    engine = SleepyEngine(lambda request: slow.get(request.styles.parts[0][0].id, 16.0))
    found = {line.name.strip(): line for line in run(engine, tmp_path, monkeypatch, 6)}
    worst = found["milliseconds, 128 px, slowest"]
    assert worst.value >= 440 and "MISSED" in str(worst)
    assert found["milliseconds, 128 px, all styles: median"].value < 240
    own = found["milliseconds, 128 px, a person's own picture: median"]
    assert own.value >= 560 and "MISSED" in str(own)
    assert {request.width for request in engine.seen} == {64, PROFILE.width}


def test_a_draft_is_the_next_picture_of_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SleepyEngine(lambda request: 8.0 if request.prompt in heard else 160.0)
    heard: list = []
    draw = engine.draw

    def remember(request: GenerationRequest) -> SimpleNamespace:
        drawn = draw(request)
        heard.append(request.prompt)
        return drawn

    engine.draw = remember  # type: ignore[method-assign]
    found = {line.name.strip(): line for line in run(engine, tmp_path, monkeypatch)}
    drafts = found["milliseconds, 64 px, drafts in all styles: median"]
    assert drafts.value < 80 and "met" in str(drafts)
    assert found["milliseconds, 64 px, all styles: median"].value > 80


def test_laying_lines_takes_time() -> None:
    assert time_lines(make_case(make_pack().held_out, 1, 256)) > 0
