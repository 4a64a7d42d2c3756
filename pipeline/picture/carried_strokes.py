"""Write and read the vector strokes that a picture file carries beside its recipe, so that it opens as a drawing.

They stand in a text of their own: they decide no pixel, and a drawing that came as an image file has none.
"""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from PIL import Image

from pipeline.errors import PictureFileError, SketchError
from pipeline.sketch.canvas import MAX_TEXT, read_canvas, write_canvas
from pipeline.sketch.image_file import DECODER_ERRORS
from pipeline.sketch.picture_pieces import expect_few_pieces

KEYWORD = "croquis-strokes"
MAX_PICTURE = 4_000_000  # characters of the data URL of a picture under the strokes; a larger one is packed
MAX_STROKES = MAX_TEXT + 2 * MAX_PICTURE  # bytes of JSON
PACKED_SIDE = 1024  # px, as much as the canvas keeps of a picture
PACKED_QUALITY = 90  # of a WebP


def write_strokes(canvas: str) -> str:
    """Return the canvas's JSON as ASCII for a picture file; a large picture under the strokes becomes a WebP."""
    if len(canvas) <= MAX_PICTURE:
        return canvas
    drawn: dict[str, Any] = json.loads(canvas)
    if drawn["picture"] and len(drawn["picture"]) > MAX_PICTURE:
        canvas = json.dumps({**drawn, "picture": pack_picture(drawn["picture"])}, separators=(",", ":"))
    return canvas


def pack_picture(url: str) -> str:
    """Return the picture of a data URL as that of a small WebP file, as transparent as it was."""
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((PACKED_SIDE, PACKED_SIDE), Image.Resampling.LANCZOS)
    stored = io.BytesIO()
    small.save(stored, "WEBP", quality=PACKED_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(stored.getvalue()).decode()}"


def read_strokes(text: bytes) -> str:
    """Return the canvas's JSON of a picture file, checked as the browser's own is. Raises PictureFileError."""
    try:
        canvas = read_canvas(text.decode("utf-8"))
        if canvas.picture is not None:
            expect_picture(canvas.picture)
    except UnicodeError as error:
        raise PictureFileError("This picture's strokes cannot be read: they are not text.") from error
    except SketchError as error:
        raise PictureFileError(f"This picture's strokes cannot be read. {error}") from error
    return write_canvas(canvas)


def expect_picture(url: str) -> None:
    """Raise PictureFileError unless a data URL holds a picture that can be opened."""
    head, _, body = url.partition(",")
    try:
        if not head.startswith("data:image/") or not head.endswith(";base64"):
            raise ValueError(head[:40])
        stored = base64.b64decode(body, validate=True)
        expect_few_pieces(stored, "picture")
        with Image.open(io.BytesIO(stored), formats=("PNG", "JPEG", "WEBP")) as image:
            image.load()
    except (SketchError, *DECODER_ERRORS, Image.DecompressionBombWarning) as error:
        raise PictureFileError("The picture under this picture's strokes is damaged.") from error
