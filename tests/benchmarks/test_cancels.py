"""What the script of draws that are left reads of the page, and how it sums up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.cancels import find_click, summarise
from tests.tools.cancel_looks import CancelLooks

CONFIG: dict[str, Any] = {
    "components": [
        {"id": 4, "props": {"elem_id": "draw"}},
        {"id": 5, "props": {"elem_id": "prompt", "value": ""}},
        {"id": 6, "props": {"label": "ticket"}},
        {"id": 7, "props": {"elem_id": "stop"}},
    ],
    "dependencies": [
        {"id": 0, "targets": [[5, "change"]], "inputs": []},
        {"id": 9, "targets": [[4, "click"], [5, "submit"]], "inputs": [5, 6]},
    ],
}


def test_a_button_is_found_with_what_its_click_sends() -> None:
    assert find_click(CONFIG, "draw") == (9, [("prompt", ""), ("ticket", None)])
    with pytest.raises(LookupError, match="stop"):
        find_click(CONFIG, "stop")


def test_each_way_has_its_median_and_its_most() -> None:
    assert summarise({"cancel": [0.1, 0.2, 0.6], "Stop button": []}) == {"cancel": [0.2, 0.6]}


def test_the_longest_part_is_that_between_two_looks() -> None:
    looks = CancelLooks(until=3, clock=iter([0.0, 1.0, 4.0, 4.5, 5.0]).__next__)
    assert [looks(), looks(), looks()] == [False, False, True]
    looks.end()
    assert (looks.longest, looks.whole, looks.count) == (3.0, 5.0, 3)
