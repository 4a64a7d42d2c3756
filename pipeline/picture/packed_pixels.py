"""Pack the pixels of a recipe as base64 of a PNG, and unpack them again, checked."""

from __future__ import annotations

import base64
import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import PictureFileError
from pipeline.sketch.image_file import DECODER_ERRORS

Mode = Literal["1", "L", "RGB"]
KINDS = {"1": "black and white", "L": "grey", "RGB": "colour"}


def pack_pixels(pixels: NDArray[np.uint8], mode: Mode) -> str:
    """Return pixels as base64 of a PNG: of mode "1" (H, W) of 0 and 255, "L" (H, W), "RGB" (H, W, 3)."""
    file = io.BytesIO()
    image = Image.fromarray(pixels > 0) if mode == "1" else Image.fromarray(pixels)
    image.save(file, "PNG", compress_level=9 if mode == "1" else 6)
    return base64.b64encode(file.getvalue()).decode("ascii")


def unpack_pixels(packed: str, what: str, size: tuple[int, int], mode: Mode) -> NDArray[np.uint8]:
    """Return the pixels that were packed; `what` they are stands in messages, `size` is (width, height) in px.

    Raises PictureFileError where they are damaged, or of another size or mode.
    """
    try:
        image = Image.open(io.BytesIO(base64.b64decode(packed, validate=True)), formats=("PNG",))
        if image.mode != mode or image.size != size:
            raise PictureFileError(
                f"This picture's {what} is {image.width} x {image.height} of kind {image.mode}; "
                f"its recipe says {size[0]} x {size[1]}, {KINDS[mode]}."
            )
        return np.array(image.convert("L") if mode == "1" else image, np.uint8)
    except (*DECODER_ERRORS, Image.DecompressionBombWarning) as error:
        raise PictureFileError(f"This picture's {what} is damaged.") from error
