"""The script of hostile images makes 500 of them, and tells what failed and what took the most memory."""

from __future__ import annotations

import pytest

from tests.benchmarks.hostile_images import Ending, summarise
from tests.tools.hostile_images import COUNT, make_hostile_images


@pytest.mark.slow
def test_there_are_five_hundred_and_all_differ() -> None:
    images = list(make_hostile_images(large=64))
    assert len(images) == COUNT == len({name for name, _ in images}) and len({data for _, data in images}) > 480


def test_what_failed_and_what_took_the_most_is_told() -> None:
    told = summarise(
        [Ending("a", "read", "", 0.1, 20.0), Ending("b", "failed", "500", 2.0, 310.04)], "Traceback\nTraceback"
    )
    assert told["ended"] == {"read": 1, "failed": 1} and told["failed"] == ["b: 500"]
    assert told["tracebacks in the log"] == 2 and told["most over idle, MB"] == 310.0
    assert list(told["largest"]) == ["b", "a"] == list(told["slowest, s"])
