"""Values as the browser shows them: plain dictionaries and small data URLs."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from pipeline.studio.opening import LoadState
from pipeline.values import EdgeMap, GenerationRequest, GenerationResult, StepPreview, Style, StyleMatch, StyleMix

THUMBNAIL = 160  # px, twice its size on the page
CANVAS_SIDE = 512  # px, SIDE in assets/drawing.js
STAGES = {
    "search": "Finding the style",
    "edges": "Reading your lines",
    "words": "Reading your words",
    "style": "Looking at the style",
    "lines": "Laying out the lines",
    "steps": "Drawing",
    "picture": "Developing",
    "safety": "Checking the picture",
}


def waiting(message: str, ticket: str) -> dict[str, Any]:
    return {"state": "waiting", "message": message, "ticket": ticket}


def preview(step: StepPreview, ticket: str) -> dict[str, Any]:
    return {
        "state": "drawing",
        "message": f"Step {step.step} of {step.of}",
        "step": step.step,
        "of": step.of,
        "image": data_url(step.image, "webp"),
        "ticket": ticket,
    }


def stopped(message: str, ticket: str) -> dict[str, Any]:
    return {"state": "stopped", "message": message, "ticket": ticket}


def problem(message: str, ticket: str | None) -> dict[str, Any]:
    return {"state": "error", "message": message, "ticket": ticket}


def finished(result: GenerationResult, address: str, settings: Sequence[Any], ticket: str) -> dict[str, Any]:
    """`settings` are the page's inputs as they were, so that the session's pictures can bring them back."""
    seconds = sum(result.milliseconds.values()) / 1000
    return {
        "state": "done",
        "message": told(result) or f"Drawn in {seconds:.1f} s",
        "image": address,
        "name": Path(address).name,
        "alt": told(result) or result.request.prompt.text or "A picture without words",
        "settings": list(settings),
        "ticket": ticket,
    }


def told(result: GenerationResult) -> str | None:
    """Why there is no picture, where the safety checker withheld it."""
    return result.verdict.words if result.verdict and result.verdict.withheld else None


def way(result: GenerationResult, matches: Iterable[StyleMatch]) -> dict[str, Any]:
    """How the picture came about, for the strip."""
    stages = [
        (STAGES.get(name, name.replace("_", " ").capitalize()), spent) for name, spent in result.milliseconds.items()
    ]
    return request_way(result.request, matches) | {"notices": list(result.notices), "milliseconds": stages}


def request_way(request: GenerationRequest, matches: Iterable[StyleMatch]) -> dict[str, Any]:
    """The same for a request whose making nobody watched. Styles it wears come first when the search found others."""
    similarity = {match.style.id: match.similarity for match in matches}
    shown = {match.style.id: match.style for match in matches}
    worn = {style.id: style for style, _ in request.styles.parts if style.id not in shown}
    return {
        "edges": edges_url(request.edges),
        "reading": request.edges.reading,
        "styles": [style_card(style) | {"similarity": similarity.get(style.id)} for style in (worn | shown).values()],
        "chosen": weights(request.styles),
        "seed": request.sampling.seed,
        "notices": [],
        "milliseconds": [],
    }


def weights(mix: StyleMix) -> list[dict[str, Any]]:
    return [{"id": style.id, "weight": weight} for style, weight in mix.parts]


def style_card(style: Style) -> dict[str, Any]:
    return {
        "id": style.id,
        "name": style.name,
        "words": list(style.words),
        "builtin": style.builtin,
        "thumb": thumbnail(style.sha256, style.image),
    }


def loading(state: LoadState, engine: str) -> dict[str, Any]:
    stage = f"{engine} is ready" if state.ready else state.stage
    return {"stage": stage, "fraction": state.fraction, "ready": state.ready, "error": state.error}


@lru_cache(maxsize=1_000)
def thumbnail(sha256: str, file: Path) -> str:
    """A small square as a data URL; `sha256` makes the cache notice a changed file."""
    with Image.open(file) as image:
        small = ImageOps.fit(image.convert("RGB"), (THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return data_url(small, "webp")


def edges_url(edges: EdgeMap) -> str:
    """Dark lines on white, as a person draws them."""
    return data_url(ImageOps.invert(Image.fromarray(edges.pixels)), "png")


def edges_canvas(edges: EdgeMap) -> str:
    """A canvas whose picture is the edge map, for a file that brings no strokes."""
    lines = ImageOps.invert(Image.fromarray(edges.pixels))
    enlarged = lines.resize((CANVAS_SIDE, CANVAS_SIDE), Image.Resampling.BICUBIC)
    size = {"version": 1, "width": CANVAS_SIDE, "height": CANVAS_SIDE}
    return json.dumps({**size, "picture": data_url(enlarged, "png"), "strokes": []})


def data_url(image: Image.Image, kind: str) -> str:
    stored = io.BytesIO()
    image.save(stored, kind, **({"quality": 82} if kind == "webp" else {}))
    return f"data:image/{kind};base64,{base64.b64encode(stored.getvalue()).decode()}"
