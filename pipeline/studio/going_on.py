"""Go on from a finished picture: make it larger, repaint a part of it, draw more around it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.controls import CONTROL_BY_NAME, expect_number
from pipeline.errors import IsCancelled, SettingError
from pipeline.prompt_syntax import Prompt
from pipeline.request.parts import parse_enlargement, parse_repaint
from pipeline.request.presets import get_menu
from pipeline.request.words import parse_prompt
from pipeline.studio.drawing_anew import draw_more_around, draw_part_anew
from pipeline.studio.enlarging import OnShare, enlarge_result
from pipeline.values import GenerationRequest, GenerationResult, Repaint, StepPreview

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile
    from pipeline.studio.studio import Studio

Asked = tuple[GenerationRequest, str | None]  # what is to be drawn, and the strokes that its file keeps, as JSON

MOST_REPAINTS = 16  # of one picture; its file carries no more
NO_MORE_AROUND = "{} colours what is drawn: for more around a picture draw more on the sheet."


def enlarge_file(
    studio: Studio,
    data: bytes,
    *,
    on_step: OnShare,
    on_result: Callable[[GenerationResult], None],
    is_cancelled: IsCancelled,
) -> None:
    """Make the picture of a file of ours twice as large. Raises PictureFileError, StyleError or SettingError."""
    reopened = studio.read_picture(data)
    request = reopened.request
    times = parse_enlargement(2 * request.enlargement, request.width, request.height)
    image = open_picture(data)
    grown = replace(request, enlargement=times)
    result = GenerationResult(image, grown, (), (), {}, reopened.revisions, canvas=reopened.canvas)
    on_result(enlarge_result(result, on_step, is_cancelled))


def draw_asked(
    studio: Studio,
    ask: Callable[[], Asked],
    *,
    on_step: Callable[[StepPreview], None],
    on_result: Callable[[GenerationResult], None],
    is_cancelled: IsCancelled,
) -> None:
    """Draw what one of the ask_to_ functions returns: reading its picture takes long, too, and is stopped alike."""
    request, canvas = ask()
    result = studio.redraw(request, on_step=on_step, is_cancelled=is_cancelled)
    on_result(replace(result, canvas=canvas))


def ask_to_repaint_file(
    studio: Studio, data: bytes, mask: NDArray[np.uint8], words: object, strength: object = None
) -> Asked:
    """Ask for a part of the picture of a file of ours to be repainted as words say; all else stays.

    The pocket engine gives it other colours; one that starts from pictures draws it anew, without words what the
    picture shows. mask: (h, w) uint8 of any size, stretched over the picture, white where the part is. strength: how
    far it goes from what the part shows, wholly without one. Raises PictureFileError, StyleError or SettingError.
    """
    reopened = studio.read_picture(data)
    if get_menu(studio.profile.name).starts_from_pictures:
        changed = ask_for_part(reopened.request, open_picture(data), mask, words, strength)
    else:
        changed = add_repaint(studio.profile, reopened.request, mask, words)
    return changed, reopened.canvas


def ask_for_part(
    request: GenerationRequest, image: Image.Image, mask: NDArray[np.uint8], words: object, strength: object
) -> GenerationRequest:
    """Return the request that draws a part of a picture anew. Raises SettingError."""
    if not (mask > 127).any():
        raise SettingError("Brush the part that is to be drawn anew; nothing is brushed.")
    chosen = 1.0 if strength is None else strength
    expect_number(CONTROL_BY_NAME["strength"], chosen)
    return draw_part_anew(request, image, mask, read_part_words(words), float(cast(float, chosen)))


def add_repaint(
    profile: ModelProfile, request: GenerationRequest, mask: NDArray[np.uint8], words: object
) -> GenerationRequest:
    """Return the request with a part more that gets other colours. Raises SettingError."""
    part = parse_repaint(profile, get_menu(profile.name), mask, words)
    if part is None or len(request.repaints) >= MOST_REPAINTS:
        raise SettingError(f"A picture is repainted {MOST_REPAINTS} times at most.")
    small = Image.fromarray(mask).resize((request.width, request.height), Image.Resampling.BOX)
    repaint = Repaint(np.asarray(small, np.uint8), part.prompt)
    return replace(request, repaints=(*request.repaints, repaint))


def ask_to_outpaint_file(studio: Studio, data: bytes, sides: Mapping[str, bool], words: object) -> Asked:
    """Ask for more around the picture of a file of ours, on the sides that are true; what was there stays.

    The strokes that it was drawn from lie on another sheet now and go. Raises PictureFileError, StyleError, or
    SettingError where the engine starts from no picture or draws none of that size.
    """
    request, profile = studio.read_picture(data).request, studio.profile
    if not get_menu(profile.name).starts_from_pictures:
        raise SettingError(NO_MORE_AROUND.format(profile.title))
    return draw_more_around(profile, request, open_picture(data), sides, read_part_words(words)), None


def read_part_words(words: object) -> Prompt | None:
    """Read the words for what is drawn anew; None for none: the picture's own hold. Raises SettingError."""
    prompt = parse_prompt("mask_prompt", words)
    return prompt if prompt.text else None


def open_picture(data: bytes) -> Image.Image:
    """Decode a picture's file, RGB."""
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGB")
