"""Try drawings that the person coloured: what was painted keeps its colour in plain, and its hue in most styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import deltaE_ciede2000

from pipeline.painters import KEEPS_COLOR
from pipeline.pocket.evaluate.bench import NONE, PLAIN, Bench, Outcome, Strip
from pipeline.pocket.evaluate.coloured_drawings import WAYS, ColouredDrawing, PaintedArea, draw_coloured
from pipeline.pocket.evaluate.measures import Pixels, summarise_grouped, summarise_mean, to_lab
from pipeline.pocket.evaluate.word_trials import FULL_STYLE
from pipeline.sketch.edges import Frame, fit_drawing, read_edges
from pipeline.sketch.intake import read_image
from pipeline.values import Style, StyleMix

PROMPT = "a drawing"
KEPT = 12.0  # CIEDE2000 between the pen's colour and the middle of what is there
SAME_HUE = 30.0  # degrees in CIELAB
PALE = 8.0  # CIELAB chroma: less has no hue


def run_painted_trial(bench: Bench, styles: Sequence[Style], count: int = 60) -> Outcome:
    """Ask of every painted area and stroke whether its colour is still there, drawing by drawing.

    A drawing counts 1 where all of it kept its colour in plain, or its hue in one of the styles that keep colours.
    """
    keeping = [style for style in styles if KEEPS_COLOR.get(style.id, False)]
    areas: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    whole, hues, every_hue, strips = [], [], [], []
    for number in range(count):
        drawing = draw_coloured(number)
        style = keeping[number % len(keeping)]
        plain, styled = draw_painted(bench, drawing, number, style)
        masks = [fit_mask(one.mask, bench.side) for one in drawing.painted]
        away = [measure_away(plain, mask, one) for mask, one in zip(masks, drawing.painted, strict=True)]
        turned = [keeps_hue(styled, mask, one) for mask, one in zip(masks, drawing.painted, strict=True)]
        areas[drawing.way].append([float(one <= KEPT) for one in away])
        whole.append(float(max(away, default=0.0) <= KEPT))
        every_hue.append([float(kept) for kept in turned])
        hues.append(float(all(turned)))
        strips.append(Strip((plain, styled), f"{drawing.way}, {style.id}: worst {max(away, default=0.0):.1f}"))
    every_area = [drawing for found in areas.values() for drawing in found]
    return Outcome(
        (
            summarise_grouped(f"coloured drawings: areas within CIEDE2000 {KEPT:g}, plain", every_area, 1.0),
            *(summarise_grouped(f"    {way}", found) for way, found in areas.items()),
            summarise_mean("  drawings of which all areas are", whole),
            summarise_grouped("coloured drawings: areas that keep their hue, full style", every_hue, 1.0),
            summarise_mean("  drawings of which all areas do", hues),
        ),
        tuple(strips),
    )


def draw_painted(bench: Bench, drawing: ColouredDrawing, seed: int, style: Style) -> tuple[Pixels, Pixels]:
    """Draw a coloured drawing as the program reads it: plain without lines, and in a style at full strength."""
    sketch, size = read_image(Image.fromarray(drawing.pixels)), (bench.side, bench.side)
    edges, fitted = read_edges(sketch, size=size), fit_drawing(sketch, size).pixels

    def ask(mix: StyleMix, controls: dict[str, float]) -> Pixels:
        request = bench.make_request(PROMPT, edges.pixels, seed, mix, controls, fitted)
        return bench.draw(replace(request, edges=edges))

    return ask(bench.mix, PLAIN | NONE), ask(StyleMix.of(style), FULL_STYLE)


def fit_mask(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Bring a mask to where its drawing lies in a square picture."""
    frame = Frame.letterbox(mask.shape[1], mask.shape[0], side, side)
    inner = cv2.resize(mask.astype(np.uint8), frame.inner, interpolation=cv2.INTER_NEAREST)
    return np.asarray(frame.place(inner) > 0)


def measure_away(picture: Pixels, mask: NDArray[np.bool_], area: PaintedArea) -> float:
    """Measure CIEDE2000 between the pen's colour and the middle colour of what the picture has there."""
    return float(deltaE_ciede2000(middle_of(picture, mask), lab_of(area)))


def keeps_hue(picture: Pixels, mask: NDArray[np.bool_], area: PaintedArea) -> bool:
    """Return whether what the picture has there has the pen's hue; never where it has none at all."""
    made, meant = middle_of(picture, mask), lab_of(area)
    if np.hypot(made[1], made[2]) < PALE:
        return False
    turn = np.degrees(np.arctan2(made[2], made[1]) - np.arctan2(meant[2], meant[1]))
    return bool(abs((turn + 180) % 360 - 180) <= SAME_HUE)


def middle_of(picture: Pixels, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the median CIELAB colour (3,) of a picture in a mask."""
    return np.asarray(np.median(to_lab(picture)[mask], axis=0), np.float64)


def lab_of(area: PaintedArea) -> NDArray[np.float64]:
    """Return the pen's colour in CIELAB, (3,)."""
    return np.asarray(to_lab(np.array(area.colour, np.uint8)[None, None])[0, 0], np.float64)
