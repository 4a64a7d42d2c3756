"""Build values as the browser shows them: plain dictionaries and small data URLs."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from pipeline.hints import ControlHint
from pipeline.models.catalog import PROFILES
from pipeline.places import Ahead
from pipeline.studio.opening import LoadState
from pipeline.styles.likelihood import FOUND_FROM
from pipeline.values import EdgeMap, GenerationRequest, GenerationResult, StepPreview, Style, StyleMatch, StyleMix

THUMBNAIL = 160  # px, twice its size on the page
HINT_SIDE = 320  # px, twice what the page shows
CANVAS_SIDE = 512  # px, SIDE in assets/drawing.js
STAGES = {
    "search": "Finding the style",
    "edges": "Reading your lines",
    "loras": "Putting LoRAs on or off",
    "adapter": "Changing what looks at styles",
    "words": "Reading your words",
    "style": "Looking at the style",
    "lines": "Laying out the lines",
    "drawing": "Reading your colours",
    "steps": "Drawing",
    "enlarging": "Enlarging",
    "second_pass": "Second pass",
    "inking": "Inking",
    "picture": "Developing",
    "safety": "Checking the picture",
}


def build_waiting_picture(message: str, ticket: str) -> dict[str, Any]:
    """Build the picture's value while nothing is drawn yet."""
    return {"state": "waiting", "message": message, "ticket": ticket}


def build_ahead_picture(ahead: Ahead, ticket: str) -> dict[str, Any]:
    """Build the picture's value while others are drawn first."""
    place = ahead.pictures + 1
    if ahead.seconds is None:
        return build_waiting_picture(f"Number {place} in line.", ticket)
    return build_waiting_picture(f"Number {place} in line, about {max(1, round(ahead.seconds))} s left.", ticket)


def build_coming_picture(shown: Ahead | StepPreview | tuple[int, int], ticket: str) -> dict[str, Any]:
    """Build the picture's value for what a run tells before there is a picture."""
    if isinstance(shown, Ahead):
        return build_ahead_picture(shown, ticket)
    if isinstance(shown, StepPreview):
        return build_preview_picture(shown, ticket)
    return build_progress_picture(*shown, ticket)


def build_preview_picture(step: StepPreview, ticket: str) -> dict[str, Any]:
    """Build the picture's value after a step: the preview and how far the drawing is."""
    second = f"Second pass: step {step.step} of {step.of}"
    return {
        "state": "drawing",
        "message": second if step.is_second else f"Step {step.step} of {step.of}",
        "step": step.step,
        "of": step.of,
        "image": make_data_url(step.image, "webp"),
        "ticket": ticket,
        **({} if step.share is None else {"share": round(step.share, 4), "second": step.is_second}),
    }


def build_progress_picture(done: int, of: int, ticket: str) -> dict[str, Any]:
    """Build the picture's value while a finished picture is worked on: it stays in sight."""
    return {"state": "drawing", "message": f"Step {done} of {of}", "step": done, "of": of, "ticket": ticket}


def build_stopped_picture(message: str, ticket: str | None) -> dict[str, Any]:
    """Build the picture's value after a person stopped the run."""
    return {"state": "stopped", "message": message, "ticket": ticket}


def build_error_picture(message: str, ticket: str | None) -> dict[str, Any]:
    """Build the picture's value where something went wrong; `message` says what."""
    return {"state": "error", "message": message, "ticket": ticket}


def build_finished_picture(
    result: GenerationResult, address: str, settings: Mapping[str, Any], ticket: str
) -> dict[str, Any]:
    """Build the picture's value for a finished picture, served at `address`.

    `settings` are the page's inputs as they were, so that the session's pictures can bring them back; a variation
    brings itself back.
    """
    withheld = explain_withheld(result)
    seconds = sum(result.milliseconds.values()) / 1000
    sampling = result.request.sampling
    varied = {"seed": sampling.seed, "variation_seed": sampling.variation_seed, "count": 1}
    return {
        "state": "done",
        "message": withheld or f"Drawn in {seconds:.1f} s",
        "notice": " ".join(words for words in (withheld, *result.notices) if words),
        "image": address,
        "name": Path(address).name,
        "alt": withheld or result.request.prompt.text or "A picture without words",
        "drawing": make_drawing_url(result.request),
        "settings": {**settings, **(varied if sampling.variation_strength else {})},
        "ticket": ticket,
    }


def build_batch(pictures: Sequence[Mapping[str, Any]], count: int) -> dict[str, Any]:
    """Build what a picture's value says of a run of several: how many come, and those that are there, each with its
    strip; nothing for a run of one.
    """
    return {"count": count, "pictures": list(pictures)} if count > 1 else {}


def build_batch_picture(pictures: Sequence[Mapping[str, Any]], count: int, ticket: str) -> dict[str, Any]:
    """Build the picture's value between two pictures of a run of several."""
    message = f"Picture {len(pictures) + 1} of {count}"
    return {"state": "drawing", "message": message, "step": len(pictures), "of": count, "ticket": ticket} | build_batch(
        pictures, count
    )


def explain_withheld(result: GenerationResult) -> str | None:
    """Return why the safety checker withheld the picture; None where it did not."""
    return result.verdict.words if result.verdict and result.verdict.withheld else None


def build_strip(result: GenerationResult, matches: Iterable[StyleMatch]) -> dict[str, Any]:
    """Build the strip's value: the lines, styles, seed, notices and times that a picture came from."""
    stages = [
        (STAGES.get(name, name.replace("_", " ").capitalize()), spent) for name, spent in result.milliseconds.items()
    ]
    return build_request_strip(result.request, matches) | {"notices": list(result.notices), "milliseconds": stages}


def build_request_strip(request: GenerationRequest, matches: Iterable[StyleMatch]) -> dict[str, Any]:
    """Build the strip's value from a request alone, without notices and times.

    Styles that it wears come first where the search found others.
    """
    matched = {match.style.id: match for match in matches}
    found = {id: match.style for id, match in matched.items()}
    worn = {style.id: style for style, _ in request.styles.parts if style.id not in found}
    return {
        "edges": make_edges_url(request.edges),
        "reading": request.edges.reading,
        "hints": [build_hint(each) for each in request.hints],
        "styles": [build_style_card(style) | _describe_match(matched.get(id)) for id, style in (worn | found).items()],
        "chosen": list_weights(request.styles),
        "seed": request.sampling.seed,
        "engine": PROFILES[request.engine].title if request.engine in PROFILES else request.engine,
        "size": [request.width * request.enlargement, request.height * request.enlargement],
        "notices": [],
        "milliseconds": [],
    }


def build_hint(hint: ControlHint) -> dict[str, Any]:
    """Build what the strip shows of one hint: what its ControlNet saw, how strongly and when it steered."""
    return {"controlnet": hint.controlnet, "image": make_hint_url(Image.fromarray(hint.pixels))} | asdict(hint.settings)


def _describe_match(match: StyleMatch | None) -> dict[str, Any]:
    """Say how near a style is to the words, and whether it counts as found; what is unlikely has no number to show."""
    found = match is not None and match.probability >= FOUND_FROM
    return {"similarity": match.similarity if match is not None and found else None, "found": found}


def explain_lent(lent: Iterable[Style]) -> list[str]:
    """Say of each style that a picture file brought along that the library lacks it."""
    return [
        f"The style “{style.name}” is not on this Croquis: the small picture of it that came along is worn instead. "
        "“How it was made” offers to keep it."
        for style in lent
    ]


def list_lent(lent: Iterable[Style]) -> list[dict[str, str]]:
    """List the ids and names of the styles that a picture file brought along, for the page to offer to keep them."""
    return [{"id": style.id, "name": style.name} for style in lent]


def list_weights(mix: StyleMix) -> list[dict[str, Any]]:
    """List the ids and weights of a mix."""
    return [{"id": style.id, "weight": weight} for style, weight in mix.parts]


def build_style_card(style: Style) -> dict[str, Any]:
    """Build a style's card for the grid and the strip."""
    return {
        "id": style.id,
        "name": style.name,
        "words": list(style.words),
        "builtin": style.builtin,
        "thumb": make_thumbnail(style.sha256, style.image),
    }


def build_loading_status(state: LoadState, engine: str) -> dict[str, Any]:
    """Build the status's value: how far the models are loaded; `engine` is the title of the one that draws."""
    stage = f"{engine} is ready" if state.ready else state.stage
    return {"stage": stage, "fraction": state.fraction, "ready": state.ready, "error": state.error}


@lru_cache(maxsize=1_000)
def make_thumbnail(sha256: str, file: Path) -> str:
    """Make a small square of a picture file as a data URL; `sha256` makes the cache notice a changed file."""
    with Image.open(file) as image:
        small = ImageOps.fit(image.convert("RGB"), (THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return make_data_url(small, "webp")


def make_hint_url(hint: Image.Image) -> str:
    """Make a data URL of what a ControlNet sees, at most HINT_SIDE px."""
    hint.thumbnail((HINT_SIDE, HINT_SIDE), Image.Resampling.LANCZOS)
    return make_data_url(hint, "webp")


def make_edges_url(edges: EdgeMap) -> str:
    """Make a data URL of an edge map with dark lines on white, as a person draws them."""
    return make_data_url(ImageOps.invert(Image.fromarray(edges.pixels)), "png")


def make_drawing_url(request: GenerationRequest) -> str:
    """Make a data URL of the drawing that a picture was made from, at most CANVAS_SIDE px; its lines where no more is
    known of it.
    """
    lines = ImageOps.invert(Image.fromarray(request.edges.pixels))
    drawn = lines if request.colours is None else Image.fromarray(request.colours.pixels)
    drawn.thumbnail((CANVAS_SIDE, CANVAS_SIDE), Image.Resampling.LANCZOS)
    return make_data_url(drawn, "webp")


def build_drawing_canvas(request: GenerationRequest) -> str:
    """Build a canvas whose picture is the drawing, for a file that holds no strokes; of old files its edge map.

    The sheet has the picture's proportions, and what was drawn on it is taken as it is.
    """
    drawn = request.colours
    lines = ImageOps.invert(Image.fromarray(request.edges.pixels)) if drawn is None else Image.fromarray(drawn.pixels)
    size = measure_sheet(request)
    return write_canvas(lines.resize(size, Image.Resampling.BICUBIC), "png", size=size, plain=True)


def measure_sheet(request: GenerationRequest) -> tuple[int, int]:
    """Return width and height in px of a sheet with the proportions of a request's picture."""
    scale = CANVAS_SIDE / math.sqrt(request.width * request.height)
    width, height = (min(max(round(side * scale), 64), 2048) for side in (request.width, request.height))
    return width, height


def build_picture_canvas(image: Image.Image) -> str:
    """Build a canvas with a picture on it, whole and as transparent as it is."""
    clear = image.has_transparency_data
    small = image.convert("RGBA" if clear else "RGB")
    small.thumbnail((2 * CANVAS_SIDE, 2 * CANVAS_SIDE), Image.Resampling.LANCZOS)
    return write_canvas(small, "png" if clear else "webp")


def write_canvas(
    picture: Image.Image, kind: str, *, size: tuple[int, int] = (CANVAS_SIDE, CANVAS_SIDE), plain: bool = False
) -> str:
    """Write the JSON of a canvas of `size` (width, height in px) with a picture on it and no stroke.

    `kind` is "png" or "webp"; a `plain` picture is a drawing of this app and no photograph.
    """
    head = {"version": 3, "width": size[0], "height": size[1]}
    placement = {"place": None, "opacity": 1, "locked": False, "traced": False, "plain": plain}
    return json.dumps({**head, "picture": make_data_url(picture, kind), "placement": placement, "strokes": []})


def make_data_url(image: Image.Image, kind: str) -> str:
    """Write a picture as a data URL; `kind` is "png" or "webp"."""
    stored = io.BytesIO()
    image.save(stored, kind, **({"quality": 82} if kind == "webp" else {}))
    return f"data:image/{kind};base64,{base64.b64encode(stored.getvalue()).decode()}"
