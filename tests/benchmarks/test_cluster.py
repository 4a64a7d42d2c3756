"""What the script of a cluster says of its calls, and which processes it takes for workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.settings import read_settings
from tests.benchmarks import cluster
from tests.benchmarks.cluster import make_request
from tests.benchmarks.cluster_ends import MANY, SIXTEEN, Call, name_end, summarise, write_row


def test_calls_without_an_answer_are_told() -> None:
    answered = [Call("10.0.0.1", "picture", 1.0, 1.0, 5.0), Call("10.0.0.2", "refused", 0.1, 0.1, 6.0)]
    assert summarise(answered, 60)["each answered"]
    late = Call("10.0.0.1", "no answer", 0.1, 0.1, 61.0)
    assert not summarise([*answered, late], 60)["each answered"]


def test_who_sends_sixteen_calls_is_told_beside_the_others() -> None:
    crowd = [Call(f"10.0.0.{n}", "picture", 10.0 * n, 20.0 * n, 100.0) for n in (1, 2, 3)]
    crowd += [Call("10.0.0.1", "picture", 20.0, 20.0, 200.0), Call("10.0.0.4", "refused", 0.1, 0.1, 300.0)]
    many = [Call(MANY, "picture", 300.0, 300.0, 599.0), Call(MANY, "refused", 0.1, 0.1, 100.0)]
    after = [Call(MANY, "picture", 500.0, 500.0, 601.0)]  # whoever comes then has no more turns
    found = summarise([*crowd, *many, *after], 600)
    of_each, of_many = found["of each visitor"], found["of who sends sixteen"]
    assert (of_each["asked"], of_each["pictures"], of_each["refused"]) == (4, {0: 1, 1: 2, 2: 1}, 1)
    assert of_each["s to a picture"] == {"median": 20.0, "95th": 20.0, "most": 30.0}
    assert of_each["s with refusals before"]["most"] == 60.0
    assert (of_many["pictures"], of_many["refused"], of_many["turns that one visitor has"]) == (1, 1, 3.0)
    row = write_row({"visitors": 1_000, "workers killed": 9, **found})
    assert row.startswith("| `python -m tests.benchmarks.cluster visitors` | 1,000 visitors") and row.count("|") == 3
    assert "6 pictures, 2 calls refused" in row and "got 1 pictures, where who always waits has 3.0 turns" in row


def test_a_cluster_believes_the_addresses_that_its_visitors_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}

    class Started:
        def __init__(self, command: list[str], env: dict[str, str], **_: object) -> None:
            given.update(env)

        def send_signal(self, number: int) -> None: ...

        def wait(self, seconds: float) -> None: ...

    monkeypatch.setattr(cluster.subprocess, "Popen", Started)
    monkeypatch.setattr(cluster, "wait_for_cluster", lambda *_: None)
    with cluster.run_cluster(tmp_path):
        pass
    assert read_settings([], given).proxies == "127.0.0.1" and read_settings([], given).waiting_each == SIXTEEN


def test_the_request_is_one_that_the_pocket_engine_draws(tmp_path: Path) -> None:
    request = make_request(tmp_path)
    assert (request.engine, request.width, request.styles.parts[0][0].id) == ("pocket", 512, "comic")


@pytest.mark.parametrize(
    ("status", "body", "told", "end"),
    [
        (200, b"\x89PNG\r\n", "", "picture"),
        (429, b'{"error": "Try again in 3 seconds."}', "3", "refused"),
        (429, b'{"error": "Try again in 3 seconds."}', "", "no answer"),
        (429, b"Too Many Requests", "3", "no answer"),
        (503, b'{"error": "Two workers were lost."}', "5", "told error"),
        (500, b"Internal Server Error", "", "no answer"),
        (0, b"", "", "no answer"),
        (200, b"<html>", "", "no answer"),
    ],
)
def test_each_end_of_a_call_has_its_name(status: int, body: bytes, told: str, end: str) -> None:
    assert name_end(status, body, told) == end
