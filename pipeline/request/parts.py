"""Read what is asked beside a plain picture: other styles or colours for a part of it, more pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.controls import Control, expect_number
from pipeline.errors import SettingError
from pipeline.prompt_syntax import Prompt
from pipeline.request.notation import parse_style
from pipeline.request.presets import Menu
from pipeline.request.words import parse_prompt

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile


TIMES = (1, 2, 4)  # a picture may be enlarged
LARGEST = 2048  # px, the longer side of an enlarged picture


@dataclass(frozen=True, eq=False)
class MaskedStyle:
    """MaskedStyle is a part of the drawing, and the styles that it is to wear."""

    pixels: NDArray[np.uint8]  # (H, W) of any size, stretched as the drawing is; 0 outside .. 255 inside
    style: tuple[tuple[str, float], ...]  # ids and weights that sum to 1


@dataclass(frozen=True, eq=False)
class BrushedPart:
    """BrushedPart is a part of the drawing, and the words for what it is to become."""

    pixels: NDArray[np.uint8]  # (H, W) of any size, stretched as the drawing is; 0 outside .. 255 inside
    prompt: Prompt


def parse_mask(pixels: NDArray[np.uint8] | None, style: object) -> MaskedStyle | None:
    """Read the part of the drawing, (H, W), that wears other styles, and these. Raises SettingError for one alone."""
    chosen = parse_style(style)
    if pixels is None and not chosen:
        return None
    if pixels is None or not chosen:
        came = "the style" if pixels is None else "the mask"
        raise SettingError(f"A part of the picture needs both a mask and a mask_style; {came} alone came.")
    return MaskedStyle(pixels, chosen)


def parse_repaint(
    profile: ModelProfile, menu: Menu, pixels: NDArray[np.uint8] | None, words: object
) -> BrushedPart | None:
    """Read the part of the drawing, (H, W), that gets other colours, and the words for it. Raises SettingError."""
    prompt = parse_prompt("mask_prompt", words)
    if pixels is None and not prompt.text:
        return None
    if not menu.repaints:
        raise SettingError(f"{profile.title} does not repaint a part of a picture; a mask_image or mask_prompt came.")
    if pixels is None or not prompt.text:
        came = "the words" if pixels is None else "the mask"
        raise SettingError(f"Repainting a part needs both a mask_image and a mask_prompt; {came} alone came.")
    return BrushedPart(pixels, prompt)


def parse_enlargement(times: object, width: int, height: int) -> int:
    """Read how many times its width and height, px, a picture is enlarged; None is once. Raises SettingError."""
    if times is None:
        return 1
    expect_number(Control("enlargement", "Enlargement", "", 1, LARGEST, 1, whole=True), times)
    chosen = int(cast(float, times))
    if chosen not in TIMES or (chosen > 1 and chosen * max(width, height) > LARGEST):
        raise SettingError(
            f"A picture is enlarged 2 or 4 times, up to {LARGEST} px a side; {chosen} times {width} x {height} was "
            "asked for."
        )
    return chosen
