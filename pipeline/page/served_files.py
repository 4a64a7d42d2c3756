"""Answer Gradio's route `file=` for the page's own files and for pictures that were drawn, and for nothing else.

By itself that route fetches any public address and answers from our origin, and gives out whatever was uploaded.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from gradio.data_classes import _StaticFiles
from gradio.utils import get_upload_folder
from starlette._utils import get_route_path
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.page.drawn_files import FOLDER
from pipeline.page.own_routes import refuse

ROUTE = re.compile(r"/+(?:gradio_api/+)*(?:file[=/]|proxy=)(.*)", re.DOTALL | re.IGNORECASE)  # from a path's start on
NOT_SERVED = "Only the page's own files and pictures that were drawn here are sent; addresses are not fetched."
NO_FILE = "There is no such file."


class ServedFiles:
    """ServedFiles is a middleware that refuses (403) every other path, and every address, on Gradio's file routes.

    It sends the page's own files itself: Gradio looks for each among all its paths, which took 15 ms of processor time
    for a file, and the page has nearly two hundred.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = ROUTE.match(get_route_path(scope)) if "path" in scope else None
        await (self._choose(route[1], scope) if route else self._app)(scope, receive, send)

    def _choose(self, asked: str, scope: Scope) -> ASGIApp:
        """Return what answers a request for this path: Gradio only for a path that is a drawn picture's."""
        real = None if "://" in asked else resolve_plain(asked)
        if real is None or scope["method"] not in ("GET", "HEAD"):
            return refuse(403, NOT_SERVED)
        if is_page_file(real):
            return FileResponse(asked) if os.path.isfile(real) else refuse(404, NO_FILE)
        return self._app if is_drawn(real) else refuse(403, NOT_SERVED)


def is_page_file(real: str) -> bool:
    """Return whether a real path is one of the page's own files."""
    return is_below(real, resolve_paths(tuple(map(str, _StaticFiles.all_paths))))


def is_drawn(real: str) -> bool:
    """Return whether a real path is a picture that was drawn here."""
    return is_below(real, (os.path.realpath(Path(get_upload_folder()) / FOLDER),))


def resolve_plain(path: str) -> str | None:
    """Return a path's real one, links followed; None where it is not absolute, has a NUL or a step upwards."""
    is_plain = "\0" not in path and ".." not in Path(path).parts and Path(path).is_absolute()
    return os.path.realpath(path) if is_plain else None


def is_below(real: str, folders: tuple[str, ...]) -> bool:
    """Return whether a real path is one of these or lies below one."""
    return real in folders or real.startswith(tuple(folder + os.sep for folder in folders))


@lru_cache(maxsize=4)
def resolve_paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the real paths of these, links followed."""
    return tuple(map(os.path.realpath, paths))
