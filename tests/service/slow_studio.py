"""A studio whose pictures take as many steps as the caller asks for, each when the test lets it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from gradio.routes import App
from PIL import Image
from starlette.middleware import Middleware

from pipeline.engine.turns import Turns
from pipeline.errors import raise_if_cancelled
from pipeline.models.catalog import POCKET
from pipeline.service.app import mount_service
from pipeline.settings import Settings
from pipeline.studio.line import Line
from pipeline.values import StepPreview
from tests.tools.serving import find_free_port

PATIENCE = 30  # seconds


class SlowStudio:
    """It draws until it is told to stop, and notes what happened."""

    profile = POCKET

    def __init__(self, **limits: int) -> None:
        self.settings = Settings(**limits)  # type: ignore[arg-type]
        self.line = Line(self.settings, lambda: None)
        self.preparing = Turns("Croquis")
        self.begun, self.ended = threading.Event(), threading.Event()
        self.steps_after_stop = 0
        self.running = self.most_running = 0

    def draw_batch(
        self, order: Any, count: int, *, on_step: Callable[[StepPreview], None] | None, is_cancelled: Callable[[], bool]
    ) -> Any:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for step in range(1, 10_000):
                raise_if_cancelled(is_cancelled)
                if on_step is not None:
                    on_step(StepPreview(step, 10_000, Image.new("RGB", (8, 8), "red")))
                self.begun.set()
                time.sleep(0.01)
        finally:
            self.running -= 1
            if self.running == 0:
                self.ended.set()

    def write_picture(self, result: Any) -> Path:
        raise AssertionError("a picture that never ends is not written")


@contextmanager
def serve(studio: Any, middleware: Sequence[Middleware] = ()) -> Iterator[str]:
    """Serve /v1 of a studio as app.py does, below Gradio's own middleware and this one; yield the address."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        pass
    app = App.create_app(blocks, app_kwargs={"routes": [mount_service(studio)], "middleware": list(middleware)})
    port = find_free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
