"""A cluster before it has workers, with broken ones, and while it ends: what /v1/draw answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.serve.application import build_draw, build_line, build_retrieval
from pipeline.serve.names import DRAW, LINE, RETRIEVAL
from pipeline.serve.running import stop_cluster
from tests.serve.conftest import RunningRay
from tests.tools.cluster_workers import ALL, BROKEN, SleepingWorker, make_cluster_settings, run_workers
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.prometheus_text import find_samples
from tests.tools.serving import ANSWER_LIMIT
from tests.tools.waiting import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
FOX = {"sketch": ("fox.png", encode_png(draw_fox()))}
SECONDS = 4.0  # of a picture


def test_a_cluster_begins_fails_and_ends_in_words(running_serve: RunningRay, tmp_path: Path) -> None:
    from ray import serve

    url = f"http://127.0.0.1:{running_serve.port}"
    settings = make_cluster_settings(tmp_path, 1, draw_replicas=1, job_seconds=ANSWER_LIMIT)
    given = {"settings": settings}

    def ask(path: str) -> httpx.Response:
        return httpx.get(f"{url}{path}", timeout=ANSWER_LIMIT)

    def draw() -> httpx.Response:
        sent: Any = {"files": FOX, "data": {"prompt": "a fox", "style": "comic"}}
        return httpx.post(f"{url}/v1/draw", timeout=ANSWER_LIMIT, **sent)

    serve.run(build_line(given), name=LINE, route_prefix=None)
    serve.run(build_retrieval(given), name=RETRIEVAL, route_prefix=None)
    serve.run(build_draw(given), name=DRAW, route_prefix="/")
    before = ask("/ready")
    assert (before.status_code, before.headers["retry-after"]) == (503, "5") and ask("/health").status_code == 200
    with run_workers(settings, lambda: (SleepingWorker, SECONDS)):
        wait_until(lambda: ask("/ready").status_code == 200, seconds=ANSWER_LIMIT, every=0.1)
        (broken := tmp_path / BROKEN).write_text(ALL)
        lost = draw()
        assert lost.status_code == 503 and int(lost.headers["retry-after"]) > 0
        assert lost.json()["error"].startswith("The workers that drew this were lost")
        assert sum(find_samples(ask("/metrics").text, "croquis_worker_errors_total")) == 2  # it was tried twice
        broken.unlink()
        answers: list[httpx.Response] = []
        (call := threading.Thread(target=lambda: answers.append(draw()))).start()
        wait_until(
            lambda: find_samples(ask("/metrics").text, "croquis_calls_open") == [1.0], seconds=ANSWER_LIMIT, every=0.1
        )
        assert stop_cluster(settings) == 0
        call.join(ANSWER_LIMIT)
        assert answers[0].status_code == 200 and answers[0].content.startswith(b"\x89PNG")
