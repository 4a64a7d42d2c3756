"""300 calls that no client sends, over every route: each is answered in words, and no traceback leaves or is logged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.fuzz import Outcome, call_routes, describe
from tests.tools.route_calls import RouteCall
from tests.tools.server_routes import list_server_routes
from tests.tools.serving import Server

CALLS, SEED = 300, 20_261_129
CALL = RouteCall(("POST", "/x"), "/x")
WORDS = json.dumps({"error": "What is asked for is not here."})


def test_three_hundred_calls_of_every_route_are_answered_in_words(server: Server, tmp_path: Path) -> None:
    routes, logged = list_server_routes(tmp_path), len(server.log.read_text())
    outcomes = call_routes(server, routes, CALLS, SEED)
    assert {each.call.route for each in outcomes} == set(routes)
    assert [describe(fault, each) for each in outcomes if (fault := each.judge())] == []
    assert "Traceback" not in server.log.read_text()[logged:] and server.process.poll() is None


@pytest.mark.parametrize(
    ("status", "text", "fault"),
    [
        (0, "ReadTimeout()", "no answer"),
        (500, WORDS, "5xx"),
        (503, "", "5xx"),
        (503, WORDS, None),
        (200, "Traceback (most recent call last)", "it leaks"),
        (404, "", "no words"),
        (404, '{"detail": "Not Found"}', "no words"),
        (404, WORDS, None),
        (200, "a page", None),
    ],
)
def test_what_is_wrong_with_an_answer(status: int, text: str, fault: str | None) -> None:
    assert Outcome(CALL, status, text, 0.1).judge() == fault
