"""Bring the picture that another one was drawn from back to the sheet, or say why it cannot lie there."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from pipeline.page.view import make_data_url, measure_sheet
from pipeline.sketch.canvas import read_canvas
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import read_strokes
from pipeline.values import GenerationRequest, StartPicture

PART = "Only a part of this picture was drawn anew: drawing it again draws all of it."
TWO = "The picture that it starts from is not back: another one lies under its drawing."
LINES = "Its drawing is not on the sheet: the lines of the picture that it starts from are followed instead."
NEAR = 2  # px by which two readings of the same lines may differ
SAME = 0.7  # share of either's lines from which they are the same


def restore_start(request: GenerationRequest, canvas: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return a file's canvas, JSON, with the picture that its request starts from beneath, and what to say of it.

    Without a canvas of its own, one that holds that picture alone; None where the request starts from none.
    """
    start = request.start
    if start is None:
        return canvas, ()
    if start.mask is not None:
        return canvas, (PART,)
    if canvas is None:
        width, height = measure_sheet(request)
        made = lay_start(start, request.sampling.strength, {"width": width, "height": height, "strokes": []})
        return made, () if has_own_lines(request, made) else (LINES,)
    drawn = read_canvas(canvas)
    if drawn.picture is None:
        return lay_start(start, request.sampling.strength, json.loads(canvas)), ()
    return canvas, () if drawn.strength is not None else (TWO,)


def lay_start(start: StartPicture, strength: float, canvas: dict[str, object]) -> str:
    """Return a canvas as JSON with the picture that a request starts from over the whole sheet."""
    place = [0, 0, canvas["width"], canvas["height"]]
    beneath = {
        "picture": make_data_url(Image.fromarray(start.pixels), "png"),
        "placement": {"place": place, "strength": strength},
    }
    return json.dumps({**canvas, "version": 4, **beneath})


def has_own_lines(request: GenerationRequest, canvas: str) -> bool:
    """Return whether a request's lines are those of the picture on a canvas, JSON, and no other drawing's."""
    size = request.width, request.height
    own = read_edges(read_strokes(canvas), request.edges.reading, size=size).pixels > 0
    drawn = request.edges.pixels > 0
    return min(measure_share(own, drawn), measure_share(drawn, own)) >= SAME


def measure_share(lines: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
    """Return the share of lines (H, W) that has others within NEAR px."""
    near = ndimage.binary_dilation(others, iterations=NEAR)
    return float((lines & near).sum() / max(1, lines.sum()))
