"""300 calls that no client sends, over every route: each is answered in words, and no traceback leaves or is logged."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from tests.benchmarks.fuzz import Outcome, call_routes, describe, send
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


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def answer_connections(*answered: int) -> Iterator[str]:
    """Serve one connection after the other, so many calls of each, and then close it; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for count in answered:
                connection, _ = listening.accept()
                with connection:
                    for _ in range(count):
                        connection.recv(10_000)
                        connection.sendall(ANSWER)
                    connection.recv(10_000)  # the call that gets no answer

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


def test_a_call_is_sent_again_where_a_kept_connection_closes_and_that_is_counted() -> None:
    with answer_connections(1, 1) as url, httpx.Client(timeout=10) as client:
        first, second = (send(client, SimpleNamespace(url=url), CALL) for _ in range(2))  # type: ignore[arg-type]
    assert (first.status, first.is_second) == (200, False)
    assert (second.status, second.is_second, second.is_kept) == (200, True, False)


def test_a_fresh_connection_that_closes_is_no_answer() -> None:
    with answer_connections(0) as url, httpx.Client(timeout=10) as client:
        outcome = send(client, SimpleNamespace(url=url), CALL)  # type: ignore[arg-type]
    assert (outcome.judge(), outcome.is_second) == ("no answer", False)
