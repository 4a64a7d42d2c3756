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

WHAT = "picture under a drawing"
FADE = 0.05  # of the sheet's longer side, within which a continued border grows even
EVEN = 0.08  # of the sheet's longer side, the sigma by which it is evened


def lay_picture(url: str, size: tuple[int, int]) -> LaidPicture:
    """Return the picture of a data URL on white, fitted whole into a sheet of `size` (width, height) px.

    Raises SketchError for any other text, or a broken picture.
    """
    from pipeline.sketch.transparency import LaidPicture, lay_on_white

    laid = lay_on_white(open_data_url(url), WHAT)
    return LaidPicture(fit_whole(laid.pixels, size), laid.turned_round, laid.outlined)


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
