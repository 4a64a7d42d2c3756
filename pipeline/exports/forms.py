"""Make each form in which a picture file can leave Croquis: what comes in is the file that Croquis wrote."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from pipeline.exports.layers import make_layers
from pipeline.exports.openraster import MIME_TYPE, Layer, encode_png, write_openraster
from pipeline.exports.sticker import cut_sticker
from pipeline.picture.provenance import make_png_texts, write_xmp
from pipeline.picture.recipe import Reopened

PICTURE, COLOUR, INK = "picture", "colour", "ink"  # names of layers


@dataclass(frozen=True)
class Form:
    """Form is one kind of file to be made of a picture."""

    media_type: str
    ending: str
    make: Callable[[bytes, Reopened], bytes]


def make_sticker(data: bytes, reopened: Reopened) -> bytes:
    """Return what the drawing shows as a PNG with a transparent ground. Raises SketchError where it shows no thing."""
    sticker = cut_sticker(open_picture(data), reopened.request)
    return encode_png(sticker, make_png_texts(write_xmp(reopened.request)))


def make_openraster(data: bytes, reopened: Reopened) -> bytes:
    """Return the layers as OpenRaster: ink and colour lie over the picture, hidden, so that it looks as it did."""
    picture = open_picture(data)
    ink, colour = make_layers(reopened.request, reopened.canvas)
    over = [Layer(INK, ink, visible=False), Layer(COLOUR, colour, visible=False)]
    return write_openraster(picture, [*over, Layer(PICTURE, picture)], make_png_texts(write_xmp(reopened.request)))


def open_picture(data: bytes) -> Image.Image:
    """Decode the picture of a file that was read before."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return image.convert("RGB")


FORMS = {
    "sticker": Form("image/png", "png", make_sticker),
    "openraster": Form(MIME_TYPE, "ora", make_openraster),
}
