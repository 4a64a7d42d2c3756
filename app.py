"""Serve Croquis: draw something, say what it is, and see it as a picture. `python app.py` opens the page."""

from __future__ import annotations

import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import CroquisError
from pipeline.machine.threads import calm_threads
from pipeline.settings import Settings, read_settings

if TYPE_CHECKING:
    import gradio as gr
    from starlette.routing import BaseRoute

    from pipeline.studio.studio import Studio


def build_app(studio: Studio) -> gr.Blocks:
    """Build the page and the API of one studio, ready to launch."""
    from pipeline.page.launching import build_queued_page

    return build_queued_page(studio)


def main() -> None:
    """Run the command that the first argument names, or serve the page.

    Host and port are Gradio's own GRADIO_SERVER_NAME and GRADIO_SERVER_PORT.
    """
    command, *arguments = sys.argv[1:] or [""]
    calm_threads(os.environ)
    if command == "draw":
        from pipeline.commands.draw import run_draw

        raise SystemExit(run_draw(arguments, os.environ))
    if command == "teach":
        from pipeline.commands.teach import run_teach

        raise SystemExit(run_teach(arguments, os.environ))
    if command == "access":
        from pipeline.commands.access import run_access

        raise SystemExit(run_access(arguments, os.environ))
    if command == "mcp":
        from pipeline.commands.mcp_server import run_mcp

        raise SystemExit(run_mcp(arguments, os.environ))
    try:
        serve(read_settings(sys.argv[1:], os.environ))
    except CroquisError as error:
        raise SystemExit(f"Croquis cannot start. {error}") from error


def serve(settings: Settings) -> None:
    """Serve the page, Gradio's endpoints and /v1, until the program is stopped."""
    from pipeline.page.host_link import announce_host
    from pipeline.page.launching import launch_page

    studio = start_studio(settings)
    finish_before_end(studio.close)
    page = launch_page(studio, list_own_routes(studio))
    studio.keeper.start()  # what an earlier start left undrawn is found; from now on every job is in the store
    address = announce_host(str(page.local_url), settings, os.environ)
    if has_desktop(os.environ, sys.platform):
        webbrowser.open(address)
    page.block_thread()


def list_own_routes(studio: Studio) -> list[BaseRoute]:
    """List the routes that are served beside Gradio's: those of the page, of the app's files, and /v1."""
    from pipeline.page.launching import list_page_routes
    from pipeline.service.app import mount_service

    return [*list_page_routes(studio), mount_service(studio)]


def finish_before_end(finish: Callable[[], object]) -> None:
    """Call `finish` where the system asks the program to end (SIGTERM), and end then as it would have."""

    def end(number: int, _: object) -> None:
        finish()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)


def start_studio(settings: Settings) -> Studio:
    """Make a studio that loads its models in the background, beside the building of the page."""
    from pipeline.studio.studio import Studio

    calm_threads(os.environ)
    studio = Studio(settings)
    studio.start_loading()
    return studio


def has_desktop(environment: Mapping[str, str], platform: str) -> bool:
    """Return whether a browser opened from here would be seen by the person who started Croquis."""
    if "SPACE_ID" in environment or "SSH_CONNECTION" in environment or "CI" in environment:
        return False
    return platform in ("darwin", "win32") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def __getattr__(name: str) -> Any:
    """Make `demo` on first use, for tools that look for it, so that importing this file loads nothing."""
    if name != "demo":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["demo"] = demo = build_app(start_studio(read_settings([], os.environ)))
    return demo


if __name__ == "__main__":
    main()
