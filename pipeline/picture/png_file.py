"""Write and read the picture file: a PNG whose settings other programs read, and that we read whole again.

`parameters` lies in it, as AUTOMATIC1111's web UI writes it and many programs read it, and `croquis`, our recipe
(recipe.py), which decides the pixels. Beside the recipe it may carry the drawing's vector strokes (carried_strokes.py)
and styles of a person's own (carried_styles.py). That a model made it
is said in XMP (provenance.py). Nothing of the hour or the machine is written: equal results give
equal bytes; a drawing that came once as strokes and once as an image file gives equal pixels.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pipeline.errors import PictureFileError, look_for_cancel
from pipeline.hints import list_steering
from pipeline.hires import find_first_size, is_drawn_twice
from pipeline.own_weights import Embedding, Lora
from pipeline.picture import carried_strokes, carried_styles
from pipeline.picture.carried_styles import CarriedStyle
from pipeline.picture.png_chunks import MAX_FILE, Texts, decode_text, read_texts
from pipeline.picture.provenance import find_source_type, make_png_texts, write_xmp
from pipeline.picture.recipe import Reopened, read_recipe, write_recipe
from pipeline.picture.recipe_styles import FindStyle
from pipeline.picture.recipe_weights import FindWeights, miss_weights
from pipeline.picture.setting_text import describe_controlnets, describe_hires, describe_settings
from pipeline.values import CHECKPOINT, GenerationRequest, GenerationResult, Style

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from pipeline.picture.signing import Signer

KEYWORD = "croquis"
MAX_RECIPE = 50_000_000  # bytes of JSON; edge map, drawing, start and masks of 2048 x 2048 noise need 48
OTHER_PROGRAMS = {
    "parameters": "It was made by a program like AUTOMATIC1111, which notes its settings as text only",
    "workflow": "It was made by ComfyUI, which notes a workflow",
    "prompt": "It was made by ComfyUI, which notes a workflow",
    "invokeai_metadata": "It was made by InvokeAI, which notes its own metadata",
}


Lend = Callable[[CarriedStyle], Style]


def write_picture(result: GenerationResult, signer: Signer | None = None) -> bytes:
    """Write a PNG file that carries the picture's recipe; equal image, request, strokes and revisions give equal bytes,
    unless a host's `signer` signs it.

    Strokes with which the file would be larger than any that is read stay out. Raises NotSigned, Cancelled.
    """

    def write(canvas: str | None) -> bytes:
        data = write_png(result, canvas)
        return data if signer is None else signer.sign(data, find_source_type(result.request))

    data = write(result.canvas)
    return data if len(data) <= MAX_FILE else write(None)


def write_png(result: GenerationResult, canvas: str | None) -> bytes:
    """Write the PNG file of a picture and of these strokes."""
    texts = make_png_texts(write_xmp(result.request))
    texts.add_text("parameters", write_parameters(result.request, result.revisions))
    texts.add_itxt(KEYWORD, write_recipe(result.request, result.revisions), zip=True)
    if canvas is not None:
        texts.add_itxt(carried_strokes.KEYWORD, carried_strokes.write_strokes(canvas), zip=True)
    if (styles := carried_styles.write_styles(result.request)) is not None:
        texts.add_itxt(carried_styles.KEYWORD, styles)
    file = WatchedBytes()
    # from bare pixels: what else a Pillow image may carry (colour profile, resolution) stays out
    Image.fromarray(np.asarray(result.image.convert("RGB"))).save(file, "PNG", pnginfo=texts)
    return file.getvalue()


class WatchedBytes(io.BytesIO):
    """WatchedBytes looks for a cancel at every piece of a file that is written into it."""

    def write(self, data: ReadableBuffer, /) -> int:
        look_for_cancel()
        return super().write(data)


def read_picture(
    data: bytes, find_style: FindStyle, lend: Lend | None = None, find_weights: FindWeights = miss_weights
) -> Reopened:
    """Read the request that was written into the file, equal to what it was, the revisions of its weights, its strokes.

    `find_style` returns the library's style of an id, or raises StyleError; `lend` makes a style of one that the file
    carries, for those that the library lacks. Raises PictureFileError for any file that is not a whole PNG with a
    readable recipe of ours.
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
    carried, lent = read_carried_styles(texts), dict[str, Style]()

    def lend_style(id: str) -> Style | None:
        if lend is not None and id in carried and id not in lent:
            lent[id] = lend(carried[id])
        return lent.get(id)

    reopened = read_recipe(decode_text(*texts[KEYWORD], MAX_RECIPE), find_style, lend_style, find_weights)
    return replace(reopened, canvas=read_carried_strokes(texts), lent=tuple(lent.values()))


def read_carried_strokes(texts: Texts) -> str | None:
    """Return the canvas's JSON among a file's texts; None where it carries no strokes. Raises PictureFileError."""
    if carried_strokes.KEYWORD not in texts:
        return None
    return carried_strokes.read_strokes(decode_text(*texts[carried_strokes.KEYWORD], carried_strokes.MAX_STROKES))


def read_carried_styles(texts: Texts) -> dict[str, CarriedStyle]:
    """Return the styles among a file's texts, by their ids in the recipe. Raises PictureFileError."""
    if carried_styles.KEYWORD not in texts:
        return {}
    return carried_styles.read_styles(decode_text(*texts[carried_styles.KEYWORD], carried_styles.MAX_CARRIED))


def read_lone_strokes(data: bytes) -> str | None:
    """Return the strokes, as the canvas's JSON, of a PNG file that is a drawing alone; None where it carries none.

    Raises PictureFileError for a file that is not a whole PNG, or whose strokes cannot be read.
    """
    return read_carried_strokes(read_texts(data))


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


def write_parameters(request: GenerationRequest, revisions: Mapping[str, str] = MappingProxyType({})) -> str:
    """Write A1111's text: the words that the model was given, the negative words, one line of settings."""
    settings = {
        **describe_sampling(request),
        "Size": "x".join(map(str, find_first_size(request))),
        **name_model(request, revisions),
        "Style": " + ".join(f"{style.id} {weight:.3g}" for style, weight in request.styles.parts),
        **describe_steering(request),
        **describe_settings(request.shortcuts),
        **describe_enlarging(request),
        **note_weights(request),
        "Version": "Croquis",
    }
    tags = "".join(f" <lora:{each.name}:{each.weight:g}>" for each in request.loras)
    lines = [flatten_text(request.styled_prompt.written + tags)]
    if request.negative_prompt.text.strip():
        lines.append(f"Negative prompt: {flatten_text(request.negative_prompt.text)}")
    lines.append(", ".join(f"{name}: {value}" for name, value in settings.items()))
    return "\n".join(lines)


def name_model(request: GenerationRequest, revisions: Mapping[str, str]) -> dict[str, str]:
    """Name the model as A1111 does: a person's own by its file's name and the first ten characters of its hash."""
    if CHECKPOINT not in revisions:
        return {"Model": f"croquis-{request.engine}"}
    return {"Model hash": revisions.get("base", "")[:10], "Model": revisions[CHECKPOINT].replace(",", " ")}


def note_weights(request: GenerationRequest) -> dict[str, str]:
    """Note the hashes of LoRAs and textual inversions as A1111 does."""
    noted: dict[str, tuple[Lora | Embedding, ...]] = {"Lora hashes": request.loras, "TI hashes": request.embeddings}
    return {
        name: '"' + ", ".join(f"{each.name}: {each.sha256[:12]}" for each in several) + '"'
        for name, several in noted.items()
        if several
    }


def describe_enlarging(request: GenerationRequest) -> dict[str, str]:
    """Write the second pass, and what enlarged the picture after it, as A1111's text has it."""
    twice, times = describe_hires(request.hires) if is_drawn_twice(request) else {}, str(request.enlargement)
    if request.enlargement == 1:
        return twice
    if twice:  # its "extras"
        return {**twice, "Postprocess upscale by": times, "Postprocess upscaler": "waifu2x"}
    return {"Hires upscale": times, "Hires upscaler": "waifu2x"}


def describe_sampling(request: GenerationRequest) -> dict[str, str]:
    """Write the sampling as A1111's text has it: with its strength, 1 too, where the picture starts from another;
    without one where it starts from noise, or where it is the second pass's that A1111 writes.
    """
    written = describe_settings(request.sampling)
    if is_drawn_twice(request) or (request.start is None and request.colours is None):
        written.pop("Denoising strength", None)
    elif request.start is not None:
        written["Denoising strength"] = f"{request.sampling.strength:g}"
    return written


def describe_steering(request: GenerationRequest) -> dict[str, str]:
    """Write how drawing and style steer the picture; each ControlNet by itself where the drawing is read for some."""
    written = describe_settings(request.conditioning)
    hints = list_steering(request.hints, request.conditioning.controlnet_conditioning_scale)
    if hints:
        written.pop("ControlNet scale", None)
    return {**written, **describe_controlnets(hints)}


def flatten_text(text: str) -> str:
    """Put a text on one line: line breaks divide the fields of this text, and NUL ends a PNG's."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text).strip()
