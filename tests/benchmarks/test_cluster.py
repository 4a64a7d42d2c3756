"""What the script of a cluster says of its calls, and which processes it takes for workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.cluster import make_request
from tests.benchmarks.cluster_ends import name_end, summarise


def test_calls_without_an_answer_are_told() -> None:
    found = summarise({"picture": 3, "refused": 1}, [1.0, 3.0, 2.0])
    assert found["each answered"] and found["s to a picture"] == {"median": 2.0, "95th": 2.0}
    assert not summarise({"no answer": 1}, [])["each answered"]


def test_the_request_is_one_that_the_pocket_engine_draws(tmp_path: Path) -> None:
    request = make_request(tmp_path)
    assert (request.engine, request.width, request.styles.parts[0][0].id) == ("pocket", 512, "comic")


@pytest.mark.parametrize(
    ("status", "body", "end"),
    [
        (200, b"\x89PNG\r\n", "picture"),
        (429, b'{"error": "Try again in 3 seconds."}', "refused"),
        (503, b'{"error": "Two workers were lost."}', "told error"),
        (500, b"Internal Server Error", "no answer"),
        (0, b"", "no answer"),
        (200, b"<html>", "no answer"),
    ],
)
def test_each_end_of_a_call_has_its_name(status: int, body: bytes, end: str) -> None:
    assert name_end(status, body) == end
