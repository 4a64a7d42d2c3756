"""Serve Croquis: draw something, say what it is, and see it as a picture. `python app.py` opens the page."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import CroquisError
from pipeline.machine.threads import calm_threads
from pipeline.page.layout import build_page
from pipeline.page.theme import make_launch_options
from pipeline.settings import Settings, read_settings
from pipeline.studio.studio import Studio

if TYPE_CHECKING:
    import gradio as gr

QUEUE_LIMIT = 64  # runs that may wait before a visitor is told to come back


def build_app(studio: Studio) -> gr.Blocks:
    """Build the page and the API of one studio, ready to launch."""
    page = build_page(studio)
    page.queue(max_size=QUEUE_LIMIT, default_concurrency_limit=8)
    return page


def main() -> None:
    """Serve the page. Host and port are Gradio's own GRADIO_SERVER_NAME and GRADIO_SERVER_PORT."""
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        app = start_app(settings)
    except CroquisError as error:
        raise SystemExit(f"Croquis cannot start. {error}") from error
    app.launch(inbrowser=has_desktop(os.environ, sys.platform), **make_launch_options(app, settings.assets))


def start_app(settings: Settings) -> gr.Blocks:
    """Build the app and load its models in the background."""
    calm_threads(os.environ)
    studio = Studio(settings)
    studio.start_loading()  # beside the building of the page
    return build_app(studio)


def has_desktop(environment: Mapping[str, str], platform: str) -> bool:
    """Return whether a browser opened from here would be seen by the person who started Croquis."""
    if "SPACE_ID" in environment or "SSH_CONNECTION" in environment or "CI" in environment:
        return False
    return platform in ("darwin", "win32") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def __getattr__(name: str) -> Any:
    """Make `demo` on first use, for tools that look for it, so that importing this file loads nothing."""
    if name != "demo":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["demo"] = demo = start_app(read_settings([], os.environ))
    return demo


if __name__ == "__main__":
    main()
