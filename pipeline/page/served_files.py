"""Answer Gradio's route `file=` for the page's own files and for pictures that were drawn, and for nothing else.

By itself that route fetches any public address and answers from our origin, and gives out whatever was uploaded.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from gradio.data_classes import _StaticFiles
from gradio.utils import get_upload_folder, is_in_or_equal
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.page.own_routes import refuse

ROUTES = ("/gradio_api/file=", "/gradio_api/file/")
FOLDER = "drawn"  # below Gradio's folder, beside what people uploaded
TOKEN_BYTES = 16
NOT_SERVED = "Only the page's own files and pictures that were drawn here are sent; addresses are not fetched."


def make_served_folder(cache: str) -> str:
    """Return the path of a new folder for one served file; its name is random, so that nobody guesses the address.

    Gradio's own folders are called by what is in the file, which can be known from the same drawing and words.
    """
    return str(Path(cache) / FOLDER / secrets.token_hex(TOKEN_BYTES))


class ServedFiles:
    """ServedFiles is a middleware that refuses (403) every other path, and every address, on Gradio's file routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        asked = next((path.partition(route)[2] for route in ROUTES if route in path), None)
        if asked is not None and not is_served(asked):
            await refuse(403, NOT_SERVED)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_served(path: str) -> bool:
    """Return whether a path names a file of the page or a picture that was drawn here."""
    if "\0" in path or ".." in Path(path).parts or not Path(path).is_absolute():
        return False
    drawn = Path(get_upload_folder()) / FOLDER
    return any(is_in_or_equal(path, folder) for folder in (str(drawn), *map(str, _StaticFiles.all_paths)))
