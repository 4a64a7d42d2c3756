"""The page and /v1/draw of a cluster, with a worker that draws: what they answer, and what they tell of themselves."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from pipeline.models.catalog import POCKET
from pipeline.serve.encoder_worker import RemoteEncoder
from pipeline.serve.names import DRAW, RETRIEVAL
from pipeline.serve.proxy_answers import LOST
from pipeline.serve.running import find_page, start_cluster, stop_cluster
from pipeline.service.app import build_service
from pipeline.settings import Settings
from pipeline.studio.opening import open_encoder
from pipeline.studio.studio import Studio
from tests.serve.conftest import RunningRay
from tests.tools.cluster_workers import find_replicas, kill_worker, make_cluster_settings
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.prometheus_text import find_samples
from tests.tools.serving import ANSWER_LIMIT, Server

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
FOX = encode_png(draw_fox())
WISH = {"prompt": "a red fox, comic", "seed": 7, "width": 256, "height": 256}
EACH = 2  # calls of one visitor that may wait


@dataclass(frozen=True)
class Cluster:
    """Cluster says where it answers."""

    url: str  # of /v1/draw
    page: Server
    settings: Settings


@pytest.fixture(scope="module")
def cluster(running_serve: RunningRay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("fronts")
    settings = make_cluster_settings(folder, 1, waiting_each=EACH, draw_replicas=2, job_seconds=ANSWER_LIMIT)
    start_cluster(settings, "127.0.0.1", running_serve.port)
    nothing: Any = None
    page = Server(find_page().rstrip("/"), folder / "no.log", nothing, 0.0, {})
    yield Cluster(f"http://127.0.0.1:{running_serve.port}", page, settings)
    assert stop_cluster(settings) == 0


def draw(cluster: Cluster, **more: Any) -> httpx.Response:
    sent: dict[str, Any] = {"files": {"sketch": ("fox.png", FOX)}, "data": WISH | more}
    return httpx.post(f"{cluster.url}/v1/draw", timeout=ANSWER_LIMIT, **sent)


def read_metrics(cluster: Cluster) -> str:
    return httpx.get(f"{cluster.url}/metrics", timeout=ANSWER_LIMIT).raise_for_status().text


def test_page_and_service_draw_what_this_process_draws(cluster: Cluster, tmp_path: Path) -> None:
    picture, details = cluster.page.call_named("draw", sketch=cluster.page.upload("fox.png", FOX), **WISH)
    by_page, by_service = cluster.page.download(picture), draw(cluster)
    assert by_service.status_code == 200 and by_service.headers["content-type"] == "image/png"
    studio = Studio(replace(cluster.settings, user_dir=tmp_path))
    here = TestClient(build_service(studio)).post("/draw", files={"sketch": ("fox.png", FOX)}, data=WISH)
    studio.close()
    assert by_page == by_service.content == here.content
    assert details["styles"][0]["id"] == "comic"


def test_the_encoder_elsewhere_gives_the_vectors_of_the_one_here(cluster: Cluster) -> None:
    from ray import serve

    far = RemoteEncoder(serve.get_deployment_handle(RETRIEVAL, RETRIEVAL), ANSWER_LIMIT)
    near = open_encoder(POCKET, cluster.settings)
    assert (far.name, far.revision, far.dimension) == (near.name, near.revision, near.dimension)
    words, pictures = ["a red fox", "stained glass"], [Image.linear_gradient("L").convert("RGB"), draw_fox()]
    assert np.array_equal(far.encode_text(words), near.encode_text(words))
    assert np.array_equal(far.encode_image(pictures), near.encode_image(pictures))


def test_the_service_says_that_it_is_there_and_ready(cluster: Cluster) -> None:
    assert httpx.get(f"{cluster.url}/health", timeout=ANSWER_LIMIT).json() == {"healthy": True}
    assert httpx.get(f"{cluster.url}/ready", timeout=ANSWER_LIMIT).json() == {"ready": True, "engine": "pocket"}
    assert httpx.get(f"{cluster.page.url}/ready", timeout=ANSWER_LIMIT).status_code == 200


def test_a_visitor_has_so_many_places_at_both_replicas_together(cluster: Cluster) -> None:
    answers, calls = draw_many(cluster, 8)
    for each in calls:
        each.join(ANSWER_LIMIT)
    drawn = [each for each in answers if each.status_code == 200]
    refused = [each for each in answers if each.status_code == 429]
    assert len(drawn) + len(refused) == 8 and drawn and refused
    assert all(each.content.startswith(b"\x89PNG") for each in drawn)
    assert all(f"{EACH} of your pictures" in each.json()["error"] for each in refused)
    assert all(int(each.headers["retry-after"]) > 0 for each in refused)


def test_a_scrape_sees_pictures_seconds_and_errors_of_every_replica(cluster: Cluster) -> None:
    assert draw(cluster).status_code == 200
    assert draw(cluster, prompt="x" * 100_000).status_code == 422
    text = read_metrics(cluster)
    for application in ("page", "draw"):
        assert sum(find_samples(text, "croquis_pictures_total", application=application)) >= 1
        assert sum(find_samples(text, "croquis_picture_seconds_sum", application=application)) > 0
    assert sum(find_samples(text, "croquis_errors_total", application="draw", kind="SettingError")) >= 1
    assert len(find_samples(text, "croquis_ready", application="draw")) == 2
    worker = {"application": "engines", "engine": "pocket"}
    assert find_samples(text, "croquis_worker_pictures_total", **worker)[0] >= 3
    assert find_samples(text, "croquis_worker_picture_seconds_sum", **worker)[0] > 0
    encoder = {"application": "retrieval", "input": "text"}
    assert find_samples(text, "croquis_encoder_calls_total", **encoder)[0] >= 1
    assert find_samples(text, "croquis_encoder_seconds_sum", **encoder)[0] > 0
    assert find_samples(text, "croquis_line_fronts", application="line") == [3.0]  # page, two of /v1/draw
    for name in ("croquis_line_calls_open", "croquis_line_oldest_call_seconds", "croquis_line_pictures_waiting"):
        assert len(find_samples(text, name, application="line")) == 1, name
    assert len(find_samples(text, "process_resident_memory_bytes")) == 6  # those, a worker, the encoder, the line


def draw_many(cluster: Cluster, count: int, **more: Any) -> tuple[list[httpx.Response], list[threading.Thread]]:
    """Begin calls side by side; return where their answers come, and their threads."""
    answers: list[httpx.Response] = []
    calls = [threading.Thread(target=lambda n=n: answers.append(draw(cluster, seed=n, **more))) for n in range(count)]
    for each in calls:
        each.start()
    return answers, calls


def test_a_replica_killed_in_the_middle_of_a_call_is_told_in_words(cluster: Cluster) -> None:
    lost: list[httpx.Response] = []
    for _ in range(5):  # a call may end just before
        answers, calls = draw_many(cluster, EACH, width=1024, height=1024)
        time.sleep(0.4)
        for pid in find_replicas((DRAW,), "GRADIO_TEMP_DIR", os.environ["GRADIO_TEMP_DIR"]):
            kill_worker(pid)
        for each in calls:
            each.join(ANSWER_LIMIT)
        assert len(answers) == EACH and {each.status_code for each in answers} <= {200, 503}
        assert all(each.headers["x-content-type-options"] == "nosniff" for each in answers)
        if lost := [each for each in answers if each.status_code == 503]:
            break
    assert lost and all(each.json() == {"error": LOST} and int(each.headers["retry-after"]) > 0 for each in lost)
    until = time.monotonic() + ANSWER_LIMIT
    while draw(cluster).status_code != 200:
        assert time.monotonic() < until, "no other replica took its place"
        time.sleep(0.5)


def test_rays_own_routes_are_told_to_nobody(cluster: Cluster) -> None:
    assert httpx.get(f"{cluster.url}/-/routes", timeout=ANSWER_LIMIT).status_code == 404
