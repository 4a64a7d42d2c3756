"""What does not draw never waits behind what does: styles, readings and the page answer while every place is taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import ANSWER_LIMIT, RequestRefused, Server

ROOM = 10.0  # seconds; it takes well under one on a quiet machine, and the places below are taken for minutes
PLACES = 16  # CROQUIS_WAITING_EACH
LONG = {"num_inference_steps": 50, "width": 1024, "height": 1024, "count": 4}


@pytest.fixture
def busy(server: Server) -> Iterator[Server]:
    """Take all places of this address, by calls whose connections are dropped at the end."""
    named = {"sketch": server.upload("fox.png", encode_png(draw_fox())), **LONG}
    with ExitStack() as stack:
        for _ in range(PLACES):
            answer = httpx.post(f"{server.api}/call/v2/draw", json=named, timeout=ANSWER_LIMIT).raise_for_status()
            where = f"{server.api}/call/draw/{answer.json()['event_id']}"
            stack.enter_context(httpx.stream("GET", where, timeout=ANSWER_LIMIT))
        yield server


def test_nothing_waits_that_does_not_draw(busy: Server) -> None:
    sketch = busy.upload("fox.png", encode_png(draw_fox()))
    with pytest.raises(RequestRefused, match=f"{PLACES} of your pictures are waiting already"):
        busy.call_named("draw", sketch=sketch, **LONG)
    began = time.monotonic()
    assert len(busy.call("styles")) > 40
    assert busy.call("find_styles", "a neon city", 3)
    assert busy.call_named("read_edges", sketch=sketch)["path"]
    assert httpx.get(busy.url, timeout=ANSWER_LIMIT).status_code == 200
    assert time.monotonic() - began < 4 * ROOM
    with pytest.raises(RequestRefused, match="are waiting already"):  # the places were taken all the while
        busy.call_named("draw", sketch=sketch, **LONG)
    refused = httpx.post(f"{busy.api}/call/v2/draw", json={"sketch": sketch, **LONG}, timeout=ANSWER_LIMIT)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
