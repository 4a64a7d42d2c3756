"""Write layers as an OpenRaster file, which Krita, GIMP and MyPaint open (the OpenRaster specification, 0.0.5)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from PIL import Image
from PIL.PngImagePlugin import PngInfo

MIME_TYPE = "image/openraster"
VERSION = "0.0.5"
THUMBNAIL = 256  # px, the most that the specification allows
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # of every entry: equal layers give equal bytes


@dataclass(frozen=True)
class Layer:
    """Layer is one picture of the stack."""

    name: str
    image: Image.Image  # of the whole picture's size
    visible: bool = True


def write_openraster(merged: Image.Image, layers: Sequence[Layer], texts: PngInfo | None = None) -> bytes:
    """Write a file of layers, the uppermost first; `merged`, with `texts`, is what the visible ones show together."""
    small = merged.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        add_entry(archive, "mimetype", MIME_TYPE.encode(), zipfile.ZIP_STORED)  # first, and not packed
        add_entry(archive, "stack.xml", write_stack(merged.size, layers))
        for number, layer in enumerate(layers):
            add_entry(archive, name_source(number), encode_png(layer.image), zipfile.ZIP_STORED)
        add_entry(archive, "mergedimage.png", encode_png(merged, texts), zipfile.ZIP_STORED)
        add_entry(archive, "Thumbnails/thumbnail.png", encode_png(small), zipfile.ZIP_STORED)
    return file.getvalue()


def write_stack(size: tuple[int, int], layers: Sequence[Layer]) -> bytes:
    """Write stack.xml: which layers there are, and how they lie on one another."""
    image = ElementTree.Element("image", version=VERSION, w=str(size[0]), h=str(size[1]))
    stack = ElementTree.SubElement(image, "stack")
    for number, layer in enumerate(layers):
        place = {"x": "0", "y": "0", "opacity": "1.0", "composite-op": "svg:src-over"}
        seen = {"visibility": "visible" if layer.visible else "hidden"}
        ElementTree.SubElement(stack, "layer", {"name": layer.name, "src": name_source(number), **place, **seen})
    return bytes(ElementTree.tostring(image, "UTF-8", xml_declaration=True))


def name_source(number: int) -> str:
    """Return where a layer's picture lies in the file."""
    return f"data/layer{number}.png"


def add_entry(archive: zipfile.ZipFile, name: str, data: bytes, packing: int = zipfile.ZIP_DEFLATED) -> None:
    """Add one file to the archive."""
    entry = zipfile.ZipInfo(name, LONG_AGO)
    entry.compress_type = packing
    archive.writestr(entry, data)


def encode_png(image: Image.Image, texts: PngInfo | None = None) -> bytes:
    """Return a picture as the bytes of a PNG file with these texts."""
    stored = io.BytesIO()
    image.save(stored, "PNG", pnginfo=texts)
    return stored.getvalue()
