"""List the routes that a server of Gradio's has, whether Croquis answers them or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from pipeline.studio.studio import Studio


@cache
def list_gradio_routes() -> tuple[tuple[str, str], ...]:
    """Return each of Gradio's routes as its method and its path with {names}."""
    import gradio as gr
    from gradio.routes import App

    with gr.Blocks() as page:
        gr.Textbox()
    return tuple(sorted(set(flatten_routes(App.create_app(page).routes))))


def flatten_routes(routes: Sequence[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of each route, of those of a router or of a mounted app within, too."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if hasattr(route, "methods"):
            yield from ((method, before + route.path) for method in route.methods or ())
        elif hasattr(inner, "routes"):
            yield from flatten_routes(inner.routes, before + getattr(route, "path", ""))
        else:
            yield "GET", before + f"{route.path}/{{path:path}}"


def list_server_routes(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return every route of a Croquis whose person's files lie in a folder: Gradio's, those we closed too, and ours."""
    from app import list_own_routes

    own = flatten_routes(list_own_routes(Studio(Settings(user_dir=folder))))
    return tuple(sorted({*list_gradio_routes(), *own}))
