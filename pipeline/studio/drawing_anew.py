"""Make requests that draw a part of a finished picture anew, or more of it around what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipeline.controls import HiresFix
from pipeline.errors import SettingError
from pipeline.machine.tiles import WINDOWS_FROM
from pipeline.models.profile import ModelProfile
from pipeline.prompt_syntax import Prompt
from pipeline.request.margins import Margins
from pipeline.request.order import resolve_seed
from pipeline.request.presets import get_menu
from pipeline.studio.parts import lay_margins
from pipeline.values import GenerationRequest, StartPicture

Pixels = NDArray[np.uint8]
NAMES = {"left": "left", "right": "right", "above": "top", "below": "bottom"}  # the page's of sides -> of Margins
SIDES = tuple(NAMES)
SOFT = 1 / 64  # of the longer side: the sigma that softens the edges of what was brushed; a latent cell at 512 px
MORE = 1 / 4  # of the picture's side that is added on each side


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
    start = StartPicture(fit_pixels(image, (request.width, request.height)), None, prompt)
    return freshen(lay_margins(replace(request, start=start), margins))


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
    added = {NAMES[side]: (across if side in ("left", "right") else down) for side in SIDES if sides.get(side)}
    margins = Margins(**added)
    width, height = margins.widen((request.width, request.height))
    if max(width, height) > profile.max_side:
        raise SettingError(
            f"{profile.title} draws up to {profile.max_side} px a side; with more around it this picture would have "
            f"{width} x {height}."
        )
    return margins


def freshen(request: GenerationRequest, strength: float = 1.0) -> GenerationRequest:
    """Return the request with a fresh seed, to draw all that is free anew, by default wholly."""
    return replace(request, hires=HiresFix()).with_settings(
        strength=strength, seed=resolve_seed(-1), variation_strength=0.0, variation_seed=0
    )


def fit_pixels(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """Return a picture's pixels (H, W, 3) at `size` (width, height): one that was enlarged is small again."""
    whole = image.convert("RGB")
    return np.asarray(whole if whole.size == size else whole.resize(size, Image.Resampling.LANCZOS), np.uint8)
