"""Write and read the picture file: a PNG whose settings other programs read, and that we read whole again.

Two texts lie in it: `parameters`, as AUTOMATIC1111's web UI writes it and many programs read it, and `croquis`, our
recipe (recipe.py). Nothing of the hour or the machine is written: equal results give equal bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from contextlib import suppress

import numpy as np
from PIL import Image, PngImagePlugin

from pipeline.controls import describe_settings
from pipeline.errors import PictureFileError
from pipeline.picture.png_chunks import decode_text, read_texts
from pipeline.picture.recipe import Reopened, read_recipe, write_recipe
from pipeline.values import GenerationRequest, GenerationResult, Style

KEYWORD = "croquis"
MAX_RECIPE = 8_000_000  # bytes of JSON; edge map, drawing and mask of 1024 x 1024 noise need 6
OTHER_PROGRAMS = {
    "parameters": "It was made by a program like AUTOMATIC1111, which notes its settings as text only",
    "workflow": "It was made by ComfyUI, which notes a workflow",
    "prompt": "It was made by ComfyUI, which notes a workflow",
    "invokeai_metadata": "It was made by InvokeAI, which notes its own metadata",
}


def write_picture(result: GenerationResult) -> bytes:
    """Write a PNG file that carries the picture's recipe; equal image, request and revisions give equal bytes."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", write_parameters(result.request))
    texts.add_itxt(KEYWORD, write_recipe(result.request, result.revisions), zip=True)
    file = io.BytesIO()
    # from bare pixels: what else a Pillow image may carry (colour profile, resolution) stays out
    Image.fromarray(np.asarray(result.image.convert("RGB"))).save(file, "PNG", pnginfo=texts)
    return file.getvalue()


def read_picture(data: bytes, find_style: Callable[[str], Style]) -> Reopened:
    """Read the request that was written into the file, equal to what it was, and the revisions of its weights.

    `find_style` returns the library's style of an id, or raises StyleError. Raises PictureFileError for any file that
    is not a whole PNG with a readable recipe of ours.
    """
    if not isinstance(data, bytes):
        raise PictureFileError(f"A picture file comes as bytes; {type(data).__name__} came.")
    texts = read_texts(data)
    if KEYWORD not in texts:
        origin = next(
            (origin for key, origin in OTHER_PROGRAMS.items() if key in texts),
            "It may come from another program, or one that saved it again left the recipe out",
        )
        raise PictureFileError(f"This PNG carries no recipe of Croquis. {origin}.")
    return read_recipe(decode_text(*texts[KEYWORD], MAX_RECIPE), find_style)


def read_notes(data: bytes, keywords: Iterable[str]) -> dict[str, str]:
    """Read the texts of a PNG file under these keywords, whoever wrote them; what cannot be read is left out.

    Raises PictureFileError for any file that is not a whole PNG.
    """
    texts, notes = read_texts(data), dict[str, str]()
    for keyword in texts.keys() & set(keywords):
        kind, _ = texts[keyword]
        with suppress(PictureFileError):
            notes[keyword] = decode_text(*texts[keyword], MAX_RECIPE).decode(
                "utf-8" if kind == b"iTXt" else "latin-1", "replace"
            )
    return notes


def write_parameters(request: GenerationRequest) -> str:
    """Write A1111's text: the words that the model was given, the negative words, one line of settings."""
    settings = {
        **describe_settings(request.sampling),
        "Size": f"{request.width}x{request.height}",
        "Model": f"croquis-{request.engine}",
        "Style": " + ".join(f"{style.id} {weight:.3g}" for style, weight in request.styles.parts),
        **describe_settings(request.conditioning),
        **describe_settings(request.shortcuts),
        "Version": "Croquis",
    }
    lines = [flatten_text(request.styled_prompt.written)]
    if request.negative_prompt.text.strip():
        lines.append(f"Negative prompt: {flatten_text(request.negative_prompt.text)}")
    lines.append(", ".join(f"{name}: {value}" for name, value in settings.items()))
    return "\n".join(lines)


def flatten_text(text: str) -> str:
    """Put a text on one line: line breaks divide the fields of this text, and NUL ends a PNG's."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text).strip()
