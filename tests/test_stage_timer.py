"""Stages are timed in their order."""

from __future__ import annotations

import time

from pipeline.stage_timer import StageTimer


def test_stages_are_timed_in_order() -> None:
    timer = StageTimer()
    for stage in ("first", "second"):
        with timer(stage):
            time.sleep(0.01)
    assert list(timer.milliseconds) == ["first", "second"]
    assert all(value >= 10 for value in timer.milliseconds.values())
