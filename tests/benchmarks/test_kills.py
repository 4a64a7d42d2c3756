"""What was acknowledged is there after a kill at any moment, and each kind of act is done and killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there is no kill -9", allow_module_level=True)

from tests.benchmarks.kill_acts import ACTS, Step
from tests.benchmarks.kills import Home, measure


def test_nothing_acknowledged_is_lost_at_five_moments(tmp_path: Path) -> None:
    done = measure(tmp_path, 5, 1)
    assert done["faults"] == []
    assert done["kills"] == 5 and done["kills of two on one home"] == 2
    assert done["steps"].keys() == ACTS.keys() and sum(done["steps"].values()) > 0


def test_what_is_lost_or_invented_is_a_fault(tmp_path: Path) -> None:
    home = Home("styles", tmp_path, known={"a 1": "x", "a 2": "y"})
    home.note("begin", Step("a 2", "z", "y"))
    home.note("found", {"a 2": "z", "a 3": "w", "b 1": "another's"})
    assert sorted(home.faults) == [
        "styles: a 1 is None, not one of ['x']",
        "styles: a 3 is w, not one of [None]",
    ]
