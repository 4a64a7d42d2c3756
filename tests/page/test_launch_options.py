"""The options that Croquis launches Gradio with."""

from __future__ import annotations

import gradio as gr
import httpx
import pytest

from pipeline.page.launching import QUEUE_LIMIT, set_queue
from pipeline.page.theme import make_launch_options
from pipeline.settings import Settings


def test_a_machine_too_busy_to_answer_itself_still_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)
    with gr.Blocks() as page:
        gr.Textbox()
    page.launch(prevent_thread_lock=True, **make_launch_options(page, Settings()))
    try:
        assert httpx.get(page.local_url).status_code == 200
    finally:
        page.close()


def test_a_queue_without_events_rests_a_hundredth_of_a_second() -> None:
    with gr.Blocks() as page:
        gr.Textbox()
    set_queue(page)
    assert page._queue.sleep_when_free >= 0.01 and page._queue.max_size == QUEUE_LIMIT
