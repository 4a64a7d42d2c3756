"""Render a drawing as each of ControlNet 1.1's networks was shown pictures: scribble, lineart, softedge, canny."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.hints import ControlNetName
from pipeline.sketch.channels import take_lowest
from pipeline.sketch.edges import Frame, find_canny_edges, resize
from pipeline.values import EdgeMap, Sketch

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SCRIBBLE_WIDTH = 0.011  # of the longer side: about 6 px at 512, as the thick strokes that scribbles were made of
SOFT_SCALES = (0.0022, 0.0044, 0.0088)  # standard deviations, shares of the longer side: about 1, 2 and 4 px at 512
LINE_SCALE = 0.012  # the same of what counts as a line's surroundings
FINE_LENGTH = 14.0  # times the longer side: a drawing with more line than this is a clean line drawing
BUSY, BARE = 0.22, 0.004  # shares of the picture: more, or less, of Canny's edges say little of a photograph


def read_hint(name: ControlNetName, sketch: Sketch, edges: EdgeMap) -> Pixels:
    """Return the hint (H, W, 3) RGB on black that ControlNet `name` takes, at the size of the edge map.

    Of "depth" and "openpose", which networks read, KeyError is raised.
    """
    return np.repeat(RENDERERS[name](sketch, edges)[..., None], 3, axis=2)


def choose_controlnet(sketch: Sketch, edges: EdgeMap, is_here: Callable[[ControlNetName], bool]) -> ControlNetName:
    """Choose the ControlNet that suits a drawing best, of those that are here; "canny" always is.

    Hand drawings: "lineart" for clean ones with much line in them, "scribble" for loose ones. Photographs: "canny", or
    "depth" where their edges are so many or so few that they say little.
    """
    if edges.reading == "lines":
        first: tuple[ControlNetName, ...] = ("lineart", "scribble") if is_fine(edges) else ("scribble", "lineart")
    else:
        share = float((edges.pixels > 0).mean())
        first = ("canny", "depth") if BARE <= share <= BUSY else ("depth", "canny")
    return next((name for name in (*first, "canny") if name == "canny" or is_here(name)), "canny")


def is_fine(edges: EdgeMap) -> bool:
    """Return whether a drawing has so much line in it that it is no loose scribble."""
    frame = Frame.letterbox(edges.pixels.shape[1], edges.pixels.shape[0], *edges.pixels.shape[1::-1])
    length = float((edges.pixels > 0).sum()) / frame.line_width
    return bool(length > FINE_LENGTH * max(edges.pixels.shape))


def render_scribble(sketch: Sketch, edges: EdgeMap) -> Pixels:
    """Draw the lines as broad, even strokes; of a photograph its strongest edges."""
    lines = edges.pixels
    if edges.reading == "canny":
        frame, inner = fit_pixels(sketch, edges)
        side = max(frame.inner)
        blurred = cv2.GaussianBlur(inner, (0, 0), SOFT_SCALES[1] * side)
        lines = frame.place(find_canny_edges(np.asarray(blurred), 40, 120))
    reach = max(1, round(SCRIBBLE_WIDTH * max(lines.shape)))
    return np.asarray(cv2.dilate(lines, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))))


def render_lineart(sketch: Sketch, edges: EdgeMap) -> Pixels:
    """Show how much darker than its surroundings each place is, with the lines' own widths and soft rims.

    A difference of the picture and its Gaussian mean (Marr & Hildreth 1980), scaled to its strongest lines.
    """
    frame, inner = fit_pixels(sketch, edges)
    light = np.asarray(take_lowest(inner), np.float32)
    around = np.maximum(cv2.GaussianBlur(light, (0, 0), LINE_SCALE * max(frame.inner)), light)
    return frame.place(stretch(np.asarray(around - light, np.float32), 8.0))


def render_softedge(sketch: Sketch, edges: EdgeMap) -> Pixels:
    """Show soft edges at several scales, in place of what the network HED (Xie & Tu 2015) would see.

    The steepest change of any colour channel (Di Zenzo 1986), its magnitude taken at three scales and each normalised
    by its scale (Lindeberg 1998). Of a drawing, whose strokes have two rims, the strokes themselves are softened.
    """
    frame, inner = fit_pixels(sketch, edges)
    side = max(frame.inner)
    if edges.reading == "lines":
        ink = np.asarray(255 - take_lowest(inner), np.float32)
        layers = [cv2.GaussianBlur(ink, (0, 0), scale * side) * (1 + 2 * scale * side) for scale in SOFT_SCALES[:2]]
    else:
        layers = [scale * side * measure_gradient(inner, scale * side) for scale in SOFT_SCALES]
    return frame.place(stretch(np.asarray(np.mean(layers, axis=0), np.float32), 4.0))


def measure_gradient(pixels: Pixels, scale: float) -> Floats:
    """Return the steepest change (H, W) of any channel of a picture blurred by `scale` px."""
    blurred = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), scale)
    across, down = (cv2.Sobel(blurred, cv2.CV_32F, dx, 1 - dx, ksize=3) for dx in (1, 0))
    return np.asarray(np.hypot(across, down).max(axis=2) / 4, np.float32)


def render_canny(sketch: Sketch, edges: EdgeMap) -> Pixels:
    """Return the edge map, as it was read."""
    return edges.pixels


def fit_pixels(sketch: Sketch, edges: EdgeMap) -> tuple[Frame, Pixels]:
    """Return where a drawing lies in its edge map, and its pixels at that size; strokes without what fills them."""
    height, width = sketch.pixels.shape[:2]
    frame = Frame.letterbox(width, height, edges.pixels.shape[1], edges.pixels.shape[0])
    drawn = sketch.strokes if edges.reading == "lines" and sketch.strokes is not None else sketch.pixels
    return frame, resize(drawn, frame.inner)


def stretch(values: Floats, least: float) -> Pixels:
    """Scale values (H, W) so that the strongest tenth of those above `least` is white; black where none is."""
    strong = values[values > least]
    if not strong.size:
        return np.zeros(values.shape, np.uint8)
    top = float(np.quantile(strong, 0.9))
    return np.asarray(np.clip(values * (255.0 / top), 0, 255).round(), np.uint8)


RENDERERS: Mapping[str, Callable[[Sketch, EdgeMap], Pixels]] = {
    "scribble": render_scribble,
    "lineart": render_lineart,
    "softedge": render_softedge,
    "canny": render_canny,
}
