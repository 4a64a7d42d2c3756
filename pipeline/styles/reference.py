"""Make and check the picture that shows a style: a square WebP."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps

from pipeline.errors import StyleError

REFERENCE_SIDE = 512  # px
PLAIN = 8  # of 255, by how much a picture of one colour may vary: noise and compression
SMALLEST_SIDE = 64  # px of a picture that is added


def crop_reference(image: object) -> Image.Image:
    """Return the middle square of a picture, upright, REFERENCE_SIDE px, on white or, where it would vanish, on black.

    Raises StyleError, for a picture of one colour too: it shows no style.
    """
    if not isinstance(image, Image.Image):
        raise StyleError(f"A style needs a picture; {type(image).__name__} came.")
    if min(image.size) < SMALLEST_SIDE:
        raise StyleError(
            f"A style's picture is at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels; "
            f"this one is {image.width} x {image.height}."
        )
    try:
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, SyntaxError, ValueError) as error:
        raise StyleError(f"The style's picture is broken: {error}") from error
    for ground in ("white", "black"):
        flat = Image.alpha_composite(Image.new("RGBA", upright.size, ground), upright).convert("RGB")
        reference = ImageOps.fit(flat, (REFERENCE_SIDE, REFERENCE_SIDE), Image.Resampling.LANCZOS)
        if np.ptp(np.asarray(reference), axis=(0, 1)).max() > PLAIN:
            return reference
    raise StyleError("A style's picture shows a style; all of this one has one colour.")


def encode_reference(reference: Image.Image) -> bytes:
    """Return a reference picture as the bytes of its file."""
    stored = io.BytesIO()
    reference.save(stored, "WEBP", quality=90, method=4)
    return stored.getvalue()


def check_reference(content: bytes, what: str) -> None:
    """Raise StyleError that begins with `what` unless these bytes are a WebP of REFERENCE_SIDE px a side."""
    try:
        with Image.open(io.BytesIO(content), formats=("WEBP", "PNG", "JPEG")) as image:
            kind, size = image.format, image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise StyleError(f"{what} is missing or not an image: {error}") from error
    if kind != "WEBP" or size != (REFERENCE_SIDE, REFERENCE_SIDE):
        raise StyleError(f"{what} is {kind} of {size[0]} x {size[1]}, not WEBP of {REFERENCE_SIDE} x {REFERENCE_SIDE}.")
