"""One moment of each kind that `python -m tests.benchmarks.reload_loss` measures: at most two seconds are lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pipeline.settings import ROOT
from tests.benchmarks.reload_loss import ENDS, Hand

MOST_LOST = 2.0  # seconds


def test_at_most_two_seconds_of_drawing_are_lost() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.reload_loss", "--moments", str(len(ENDS)), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, env=dict(os.environ))
    assert done.returncode == 0, done.stderr[-2000:]
    *rows, worst = json.loads(done.stdout)
    assert [row["what"] for row in rows] == list(ENDS)
    assert all(row["moves"] > 10 for row in rows) and worst["lost s"] <= MOST_LOST, rows


def test_a_loss_is_seen() -> None:
    hand = Hand(None, [(0.0, 10.0, 10.0), (1.0, 60.0, 60.0), (2.0, 110.0, 110.0)])  # type: ignore[arg-type]
    assert hand.measure_loss(2.5, [[10, 10, 0.5], [61, 59, 0.5], [110, 111, 0.5]]) == 0
    assert hand.measure_loss(2.5, [[10, 10, 0.5], [61, 59, 0.5]]) == 0.5
    assert hand.measure_loss(2.5, [[10, 10, 0.5]]) == 1.5
    assert hand.measure_loss(2.5, []) == 1.5
