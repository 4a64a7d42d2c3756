"""Make the page installable as an app of its own: its manifest, its icons, and a worker for when we do not answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

FRESH = {"Cache-Control": "no-cache"}  # asked for again at each start, so that none stays behind a new version


def list_app_routes(assets: Path) -> Sequence[BaseRoute]:
    """Return the routes of the app's files: before Gradio's own, whose manifest has one icon and no colours."""

    async def send_manifest(request: Request) -> Response:
        return FileResponse(assets / "app" / "manifest.json", media_type="application/manifest+json", headers=FRESH)

    async def send_worker(request: Request) -> Response:
        return FileResponse(assets / "service-worker.js", media_type="text/javascript", headers=FRESH)

    return (
        Route("/manifest.json", send_manifest),
        Route("/service-worker.js", send_worker),  # a worker serves what lies beside it: the whole page
        Mount("/app", StaticFiles(directory=assets / "app")),
    )


def link_app() -> str:
    """Return what the page's head says of the app: iOS's icon."""
    return '<link rel="apple-touch-icon" href="app/icon-apple-180.png">'
