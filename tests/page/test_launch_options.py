"""The options that Croquis launches Gradio with."""

from __future__ import annotations

import gradio as gr
import httpx
import pytest

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
