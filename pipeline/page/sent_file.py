"""Decode files that the page's scripts send as text."""

from __future__ import annotations

import base64
import binascii

from pipeline.errors import PictureFileError
from pipeline.sketch.image_file import MAX_BYTES


def decode_base64(data: object) -> bytes:
    """Decode a picture file that the browser sent as base64 text. Raises PictureFileError."""
    if not isinstance(data, str) or len(data) > MAX_BYTES * 4 // 3 + 4:
        raise PictureFileError("A picture file of at most 20 MB is needed here.")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureFileError("The picture file arrived broken. Drop it once more.") from error
