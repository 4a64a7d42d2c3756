"""Read the picture that another one is to be drawn from, all of it or a part, and how far from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.controls import CONTROL_BY_NAME, expect_number
from pipeline.errors import SettingError
from pipeline.pixel_values import describe_size
from pipeline.request.parts import BrushedPart, parse_repaint
from pipeline.request.presets import Menu
from pipeline.request.words import parse_prompt
from pipeline.values import StartPicture

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

Pixels = NDArray[np.uint8]
ALIKE = 0.02  # by so much of it the proportions of two pictures that lie over one another may differ


def parse_start(
    profile: ModelProfile,
    menu: Menu,
    sheet: Pixels,
    image: Pixels | None,
    mask: Pixels | None,
    words: object,
    *,
    grows: bool = False,
) -> tuple[StartPicture | None, BrushedPart | None]:
    """Read the picture (h, w, 3) to start from, its mask (h, w) and the words for what is under it.

    The pocket engine, which starts from the drawing alone, gives the part beneath the mask other colours. `sheet` is
    the drawing, (H, W, 3). `grows` says that there are margins around it, for which the words are, too. Raises
    SettingError.
    """
    if not menu.starts_from_pictures:
        if image is not None:
            raise SettingError(
                f"{profile.title} colours a drawing and starts from no other picture; send the image as the sketch, "
                "and its colours stay."
            )
        return None, parse_repaint(profile, menu, mask, words)
    prompt = parse_prompt("mask_prompt", words)
    if image is None:
        if grows:
            raise SettingError("More is drawn around a picture: send that as image; margins came without it.")
        if mask is not None or prompt.text:
            came = "mask_image" if mask is not None else "mask_prompt"
            raise SettingError(f"A part is drawn anew in a picture: send that as image; {came} came without it.")
        return None, None
    if mask is None and prompt.text and not grows:
        raise SettingError("mask_prompt says what the part under mask_image becomes; it came without a mask_image.")
    expect_proportions(image, sheet)
    fitted = None if mask is None else fit_mask(mask, image)
    return StartPicture(image, fitted, prompt if prompt.text else None), None


def expect_proportions(image: Pixels, sheet: Pixels) -> None:
    """Raise SettingError unless a picture lies over the drawing as a whole."""
    if not have_like_proportions(image, sheet):
        raise SettingError(
            f"The image lies over the drawing and has its proportions; it is {describe_size(image)}, the drawing "
            f"{describe_size(sheet)}."
        )


def have_like_proportions(one: Pixels, other: Pixels) -> bool:
    """Return whether two pictures of any sizes lie over one another as wholes."""
    ratio: float = one.shape[1] / one.shape[0] / (other.shape[1] / other.shape[0])
    return 1 - ALIKE <= ratio <= 1 + ALIKE


def fit_mask(mask: Pixels, image: Pixels) -> Pixels:
    """Return a mask (h, w) in the picture's size, each pixel the mean of those that it covers: a larger one keeps its
    hard edges, and its rims are soft where it is made smaller. Raises SettingError for other proportions, and where
    nothing is white.
    """
    if not have_like_proportions(mask, image):
        raise SettingError(
            f"A mask_image has its image's proportions; it is {describe_size(mask)}, the image {describe_size(image)}."
        )
    if mask.shape != image.shape[:2]:
        height, width = image.shape[:2]
        mask = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.BOX))
    if not (mask > 127).any():
        raise SettingError("The mask_image is white where the picture is drawn anew; nothing of this one is.")
    return mask


def read_strength(
    menu: Menu, start: StartPicture | None, given: dict[str, Any], usual: dict[str, Any], *, grows: bool = False
) -> dict[str, Any]:
    """Return the settings with what a strength means to the engine, checked.

    Where none came, a part under a mask, and what comes where a picture `grows`, is drawn wholly anew. To the pocket
    engine it is how much of the painted colours goes. Raises SettingError.
    """
    strength = given.get("strength")
    if strength is None:
        is_part = start is not None and (grows or start.mask is not None)
        return {**given, "strength": 1.0} if is_part else given
    expect_number(CONTROL_BY_NAME["strength"], strength)
    if menu.starts_from_pictures or strength == 1:
        return given
    if given.get("colour_strength") not in (None, usual.get("colour_strength")):
        raise SettingError("This engine takes strength as 1 less colour_strength: send one of them; both came.")
    return {**given, "strength": 1.0, "colour_strength": round(1 - float(strength), 6)}
