"""The layers as OpenRaster, held against the specification: mimetype first and not packed, stack, merged picture."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from pipeline.exports.forms import COLOUR, INK, PICTURE, make_openraster
from pipeline.picture.recipe import Reopened
from pipeline.values import Style
from tests.exports.requests import make_request_of
from tests.tools.drawings import encode_image, make_ring, make_stroke

MARKER = {"tool": "marker", "size": 60, "color": "#2f6fc4", "points": [[100, 60, 0.5], [400, 60, 0.5]]}
MARKS = (MARKER, make_stroke(make_ring(120), 8, color="#d9452f"), make_stroke([(256.0, 376.0)], 20, "eraser"))
DRAWN = Image.radial_gradient("L").resize((512, 512)).convert("RGB")


def write_file(style: Style, with_strokes: bool) -> zipfile.ZipFile:
    request, canvas = make_request_of(style, *MARKS)
    data = make_openraster(encode_image(DRAWN), Reopened(request, {}, canvas if with_strokes else None))
    return zipfile.ZipFile(io.BytesIO(data))


@pytest.fixture(scope="module", params=[True, False], ids=["strokes", "image file"])
def archive(make_style: Callable[..., Style], request: pytest.FixtureRequest) -> zipfile.ZipFile:
    return write_file(make_style("felt", 1), request.param)


def open_layer(archive: zipfile.ZipFile, name: str) -> Image.Image:
    stack = ElementTree.fromstring(archive.read("stack.xml"))
    (layer,) = [each for each in stack.iter("layer") if each.get("name") == name]
    return Image.open(io.BytesIO(archive.read(str(layer.get("src")))))


def test_the_mimetype_is_first_and_stored(archive: zipfile.ZipFile) -> None:
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert archive.read("mimetype") == b"image/openraster" and archive.testzip() is None
    assert archive.fp and (archive.fp.seek(38), archive.fp.read(16))[1] == b"image/openraster"  # as file(1) looks


def test_the_stack_names_the_layers_from_above(archive: zipfile.ZipFile) -> None:
    image = ElementTree.fromstring(archive.read("stack.xml"))
    assert (image.tag, image.get("w"), image.get("h")) == ("image", "512", "512") and image.get("version")
    layers = image.findall("stack/layer")
    assert [layer.get("name") for layer in layers] == [INK, COLOUR, PICTURE]
    assert [layer.get("visibility") for layer in layers] == ["hidden", "hidden", "visible"]
    for layer in layers:
        assert Image.open(io.BytesIO(archive.read(str(layer.get("src"))))).size == (512, 512)


def test_merged_picture_and_thumbnail_are_there(archive: zipfile.ZipFile) -> None:
    merged = Image.open(io.BytesIO(archive.read("mergedimage.png")))
    assert np.array_equal(merged, DRAWN), "merged is what the visible layers show together"
    thumbnail = Image.open(io.BytesIO(archive.read("Thumbnails/thumbnail.png")))
    assert thumbnail.format == "PNG" and max(thumbnail.size) == 256


def test_ink_and_colour_lie_on_nothing(archive: zipfile.ZipFile) -> None:
    ink, colour = np.asarray(open_layer(archive, INK)), np.asarray(open_layer(archive, COLOUR))
    assert ink[256, 136][3] > 200 and ink[256, 256][3] == 0, "the ring is ink, its inside is none"
    assert np.abs(ink[256, 136][:3].astype(int) - (0xD9, 0x45, 0x2F)).max() < 40
    assert colour[60, 250][3] == 255 and np.abs(colour[60, 250][:3].astype(int) - (0x2F, 0x6F, 0xC4)).max() < 12
    assert ink[60, 250][3] == 0 and colour[400, 40][3] == 0


def test_the_eraser_took_ink_away(make_style: Callable[..., Style]) -> None:
    ink = np.asarray(open_layer(write_file(make_style("felt", 1), True), INK))
    assert ink[376, 256][3] == 0 and ink[136, 256][3] > 200


def test_equal_layers_give_equal_bytes(make_style: Callable[..., Style]) -> None:
    request, canvas = make_request_of(make_style("felt", 1), *MARKS)
    made = [make_openraster(encode_image(DRAWN), Reopened(request, {}, canvas)) for _ in range(2)]
    assert made[0] == made[1]
