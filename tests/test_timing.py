"""Stages are timed in their order."""

from __future__ import annotations

import time

import pytest

from pipeline.timing import StageTimer


def test_stages_are_timed_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((5.0, 5.01, 7.0, 8.50004))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    timer = StageTimer()
    for stage in ("first", "second"):
        with timer(stage):
            pass
    assert list(timer.milliseconds) == ["first", "second"]
    assert list(timer.milliseconds.values()) == [10.0, 1500.0]
