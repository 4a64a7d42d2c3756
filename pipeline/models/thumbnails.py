"""Find the picture that shows what a model file does: beside the file, or within its header.

A1111, ComfyUI, InvokeAI and their managers lay it beside the file under the same name, as a PNG, JPEG or WebP with or
without ".preview" before the ending; ModelSpec (Stability AI 2023) puts a small one into its header. None was
checked.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models.model_folders import take_stem
from pipeline.models.safetensors_header import HEAD_LIMIT, read_header

TYPES = ("png", "jpg", "jpeg", "webp")
ENDINGS = tuple(f"{before}.{kind}" for before in (".preview", "") for kind in TYPES)
KEY = "modelspec.thumbnail"
DATA_URL = re.compile(r"data:image/(?:png|jpe?g|webp);base64,([A-Za-z0-9+/=\s]+)")
MOST_CHARACTERS = 4_000_000  # of a picture within a header; ModelSpec recommends 256 px, some 20,000


def find_thumbnail(path: Path) -> Path | None:
    """Return the picture beside a model file or a model's folder; None without one."""
    return next((found for ending in ENDINGS if (found := path.with_name(take_stem(path) + ending)).is_file()), None)


def read_embedded_thumbnail(path: Path) -> bytes | None:
    """Return the bytes of the picture in a .safetensors file's header, as they are; None for any other file, without
    one, and where it is no data URL of at most MOST_CHARACTERS.
    """
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    try:
        told = read_header(path, HEAD_LIMIT).metadata.get(KEY, "")
    except (ModelError, OSError):
        return None
    found = DATA_URL.fullmatch(told) if len(told) <= MOST_CHARACTERS else None
    try:
        return None if found is None else base64.b64decode(found[1])
    except ValueError:  # too few characters
        return None
