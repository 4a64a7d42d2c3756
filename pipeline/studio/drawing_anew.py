"""Make requests that draw a part of a finished picture anew, or more of it around what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipeline.controls import HiresFix
from pipeline.errors import SettingError
from pipeline.machine.tiles import WINDOWS_FROM
from pipeline.models.profile import ModelProfile
from pipeline.prompt_syntax import Prompt
from pipeline.request.order import resolve_seed
from pipeline.request.presets import get_menu
from pipeline.values import Drawing, EdgeMap, GenerationRequest, StartPicture

Pixels = NDArray[np.uint8]
SIDES = ("left", "right", "above", "below")
SOFT = 1 / 64  # of the longer side: the sigma that softens the edges of what was brushed; a latent cell at 512 px
MORE = 1 / 4  # of the picture's side that is added on each side
OVERLAP = 1 / 32  # of the longer side: so much of the old picture's rim is drawn anew with what is added


@dataclass(frozen=True)
class Margins:
    """Margins says how many px come to a picture on each side."""

    left: int = 0
    right: int = 0
    above: int = 0
    below: int = 0

    def pad(self, pixels: Pixels, fill: int | None = None) -> Pixels:
        """Return pixels (H, W, ...) with these margins: filled with a number, or with what the border has."""
        room = ((self.above, self.below), (self.left, self.right), *[(0, 0)] * (pixels.ndim - 2))
        return np.pad(pixels, room, "edge") if fill is None else np.pad(pixels, room, constant_values=fill)


def draw_part_anew(
    request: GenerationRequest, image: Image.Image, mask: Pixels, prompt: Prompt | None, strength: float = 1.0
) -> GenerationRequest:
    """Return the request that draws a part of a picture anew, with a fresh seed, and keeps the rest.

    image: the request's picture. mask: (h, w) of any size, stretched over it, white where the part is. Its edges are
    softened. strength: how far the part goes from what it shows. Raises SettingError for one that leaves no step.
    """
    size = request.width, request.height
    brushed = Image.fromarray(mask).resize(size, Image.Resampling.BOX)
    soft = np.asarray(brushed.filter(ImageFilter.GaussianBlur(SOFT * max(size))), np.uint8)
    start = StartPicture(fit_pixels(image, size), soft, prompt)
    changed = freshen(replace(request, start=start), strength)
    get_menu(request.engine).expect_start(True, changed.sampling)
    return changed


def draw_more_around(
    profile: ModelProfile,
    request: GenerationRequest,
    image: Image.Image,
    sides: Mapping[str, bool],
    prompt: Prompt | None,
) -> GenerationRequest:
    """Return the request that lays a picture on a larger sheet and draws the rest of it.

    sides: by the names of SIDES, which of them grow. Raises SettingError where none does, or the model draws no
    picture of that size.
    """
    margins = find_margins(profile, request, sides)
    width, height = request.width + margins.left + margins.right, request.height + margins.above + margins.below
    start = StartPicture(
        margins.pad(fit_pixels(image, (request.width, request.height))),
        make_free_rim((request.height, request.width), margins),
        prompt,
    )
    grown = replace(
        request,
        width=width,
        height=height,
        edges=EdgeMap(margins.pad(request.edges.pixels, 0), request.edges.reading),
        colours=None if request.colours is None else pad_drawing(request.colours, margins),
        hints=tuple(replace(each, pixels=margins.pad(each.pixels, 0)) for each in request.hints),
        start=start,
    )
    return freshen(grown)


def measure_room(profile: ModelProfile, request: GenerationRequest) -> dict[str, int]:
    """Return a picture's width and height, what one side more adds across and down, the largest side, and the one above
    which it is drawn in parts, all in px.
    """
    across, down = measure_steps(profile, request)
    return {
        "width": request.width,
        "height": request.height,
        "across": across,
        "down": down,
        "largest": profile.max_side,
        "parts_from": WINDOWS_FROM,
    }


def measure_steps(profile: ModelProfile, request: GenerationRequest) -> tuple[int, int]:
    """Return how many px a picture grows on a side, across and down, in the steps that the engine draws."""
    step = get_menu(profile.name).side_step
    return step * max(1, round(request.width * MORE / step)), step * max(1, round(request.height * MORE / step))


def find_margins(profile: ModelProfile, request: GenerationRequest, sides: Mapping[str, bool]) -> Margins:
    """Return how many px come on each side. Raises SettingError."""
    across, down = measure_steps(profile, request)
    if not any(sides.get(side) for side in SIDES):
        raise SettingError(f"A picture grows on one side or more: {', '.join(SIDES)}; none was chosen.")
    margins = Margins(
        **{side: (across if side in ("left", "right") else down) if sides.get(side) else 0 for side in SIDES}
    )
    width, height = request.width + margins.left + margins.right, request.height + margins.above + margins.below
    if max(width, height) > profile.max_side:
        raise SettingError(
            f"{profile.title} draws up to {profile.max_side} px a side; with more around it this picture would have "
            f"{width} x {height}."
        )
    return margins


def make_free_rim(shape: tuple[int, int], margins: Margins) -> Pixels:
    """Return the mask, (H, W), of what is drawn: all that comes to a picture of `shape`, and softly some of its rim."""
    overlap = round(OVERLAP * max(shape))
    inset = Margins(*(overlap if side else 0 for side in (margins.left, margins.right, margins.above, margins.below)))
    kept = np.zeros((shape[0] - inset.above - inset.below, shape[1] - inset.left - inset.right), np.uint8)
    whole = margins.pad(inset.pad(kept, 255), 255)
    soft = np.asarray(Image.fromarray(whole).filter(ImageFilter.GaussianBlur(overlap / 2)), np.uint8)
    return np.maximum(soft, margins.pad(np.zeros(shape, np.uint8), 255))


def pad_drawing(drawing: Drawing, margins: Margins) -> Drawing:
    """Return a drawing on a larger sheet of white paper."""
    greys = None if drawing.greys is None else margins.pad(drawing.greys, 0)
    return Drawing(margins.pad(drawing.pixels, 255), greys)


def freshen(request: GenerationRequest, strength: float = 1.0) -> GenerationRequest:
    """Return the request with a fresh seed, to draw all that is free anew, by default wholly."""
    return replace(request, hires=HiresFix()).with_settings(
        strength=strength, seed=resolve_seed(-1), variation_strength=0.0, variation_seed=0
    )


def fit_pixels(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """Return a picture's pixels (H, W, 3) at `size` (width, height): one that was enlarged is small again."""
    whole = image.convert("RGB")
    return np.asarray(whole if whole.size == size else whole.resize(size, Image.Resampling.LANCZOS), np.uint8)
