"""Fit the picture under a drawing into its sheet: whole, in its own proportions, its borders continued.

Bars of another colour beside a picture would be read as lines. So the sheet beside it goes on as the picture's border
does, and grows even within a few pixels.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy import ndimage

from pipeline.errors import SketchError
from pipeline.sketch.image_file import open_image

if TYPE_CHECKING:
    from pipeline.sketch.transparency import LaidPicture

Pixels = NDArray[np.uint8]

Place = tuple[float, float, float, float]  # left, top, width, height in px of the sheet

WHAT = "picture under a drawing"
FADE = 0.05  # of the sheet's longer side, within which a continued border grows even
EVEN = 0.08  # of the sheet's longer side, the sigma by which it is evened


def lay_picture(url: str, size: tuple[int, int], place: Place | None = None, opacity: float = 1.0) -> LaidPicture:
    """Return the picture of a data URL on a white sheet of `size` (width, height) px.

    It lies at `place`, left, top, width and height in px, whole in the middle if None; `opacity` is 0 to 1. Raises
    SketchError for any other text, or a broken picture.
    """
    from pipeline.sketch.transparency import LaidPicture, lay_on_white

    laid = lay_on_white(open_data_url(url), WHAT)
    fitted = fit_whole(laid.pixels, size) if place is None else fit_place(laid.pixels, size, place)
    return LaidPicture(fade(fitted, opacity), laid.turned_round, laid.outlined)


def fade(pixels: Pixels, opacity: float) -> Pixels:
    """Return a picture (H, W, 3) as it shows on white with an opacity of 0 to 1."""
    if opacity == 1:
        return pixels
    return np.asarray(np.round(255 - (255 - pixels.astype(np.float32)) * opacity), np.uint8)


def fit_place(pixels: Pixels, size: tuple[int, int], place: Place) -> Pixels:
    """Return a sheet of `size` (width, height) px with a picture (H, W, 3) at a place, its borders continued."""
    left, top, width, height = place
    x0, y0 = max(0, round(left)), max(0, round(top))
    x1, y1 = min(size[0], round(left + width)), min(size[1], round(top + height))
    if x1 <= x0 or y1 <= y0:  # moved out of sight
        return np.full((size[1], size[0], 3), 255, np.uint8)
    across, down = pixels.shape[1] / width, pixels.shape[0] / height
    part = ((x0 - left) * across, (y0 - top) * down, (x1 - left) * across, (y1 - top) * down)
    box = tuple(min(max(0.0, at), float(side)) for at, side in zip(part, (*pixels.shape[1::-1],) * 2, strict=True))
    seen = Image.fromarray(pixels).resize((x1 - x0, y1 - y0), Image.Resampling.LANCZOS, box=box)
    sheet = continue_border(np.asarray(seen), y0, size[1] - y1)
    turned = continue_border(sheet.transpose(1, 0, 2), x0, size[0] - x1)
    return np.ascontiguousarray(turned.transpose(1, 0, 2))


def open_data_url(url: str) -> Image.Image:
    """Decode a PNG, JPEG or WebP data URL. Raises SketchError for any other text or a broken picture."""
    head, _, body = url.partition(",")
    if head not in ("data:image/png;base64", "data:image/jpeg;base64", "data:image/webp;base64"):
        raise SketchError("The picture under a drawing is a PNG, JPEG or WebP data URL; this one is something else.")
    try:
        stored = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SketchError("The picture under the drawing is broken: its base64 text cannot be read.") from error
    return open_image(stored, WHAT)


def fit_whole(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a picture (H, W, 3) whole in the middle of a sheet of `size` (width, height) px."""
    if pixels.shape[1::-1] == size:
        return pixels
    fitted = np.asarray(ImageOps.contain(Image.fromarray(pixels), size, Image.Resampling.LANCZOS))
    across, down = size[0] - fitted.shape[1], size[1] - fitted.shape[0]
    sheet = continue_border(fitted, down // 2, down - down // 2)
    turned = continue_border(sheet.transpose(1, 0, 2), across // 2, across - across // 2)
    return np.ascontiguousarray(turned.transpose(1, 0, 2))


def continue_border(pixels: Pixels, above: int, below: int) -> Pixels:
    """Return a picture (H, W, 3) with `above` and `below` rows more, that go on as its border does."""
    return np.concatenate([continue_row(pixels[0], above)[::-1], pixels, continue_row(pixels[-1], below)])


def continue_row(row: Pixels, count: int) -> Pixels:
    """Return `count` rows (count, W, 3) that begin as `row` and grow even."""
    side = len(row)
    even = ndimage.gaussian_filter1d(row.astype(np.float32), EVEN * side, axis=0, mode="nearest")
    share = np.clip((np.arange(count) + 1) / max(1.0, FADE * side), 0, 1)[:, None, None]
    return np.asarray((row * (1 - share) + even * share).round(), np.uint8)
