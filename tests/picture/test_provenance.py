"""Every file with a picture in it says that a model made it, in the words that IPTC has for it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from pipeline.picture.png_file import write_picture
from pipeline.picture.provenance import KEYWORD, PACKET, SOURCE_TYPES
from pipeline.studio.film import encode_film
from pipeline.values import StartPicture
from tests.picture.test_carried_strokes import make_result  # noqa: F401
from tests.tools.serving import ROOT

SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def read_source_type(xmp: str) -> str:
    """Return the source type's name in an XMP packet."""
    (found,) = ElementTree.fromstring(xmp.partition("?>")[2].rpartition("<?")[0]).iter(SOURCE_TYPE)
    assert found.text and found.text.startswith(SOURCE_TYPES)
    return found.text.removeprefix(SOURCE_TYPES)


def read_png(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return str(image.text[KEYWORD])  # type: ignore[attr-defined]


def test_a_picture_says_that_a_model_made_it(make_result: Any) -> None:  # noqa: F811
    assert read_source_type(read_png(write_picture(make_result(None)))) == "trainedAlgorithmicMedia"


def test_a_picture_that_began_from_another_says_that_it_was_edited(make_result: Any) -> None:  # noqa: F811
    result = make_result(None)
    start = StartPicture(np.zeros((result.request.height, result.request.width, 3), np.uint8))
    data = write_picture(replace(result, request=replace(result.request, start=start)))
    assert read_source_type(read_png(data)) == "compositeWithTrainedAlgorithmicMedia"


def test_a_film_says_it_too() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    with Image.open(io.BytesIO(encode_film(frames, PACKET.format(kind="trainedAlgorithmicMedia")))) as film:
        assert film.n_frames == 2  # type: ignore[attr-defined]
        assert read_source_type(film.info["xmp"].decode()) == "trainedAlgorithmicMedia"


def test_the_browser_writes_the_same_packet() -> None:
    packet = PACKET.format(kind="trainedAlgorithmicMedia").replace("\ufeff", "\\ufeff")
    assert packet in (ROOT / "assets" / "png-text.js").read_text("utf-8")
