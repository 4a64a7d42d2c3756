"""Go on from a finished picture: make it larger, give a part of it other colours."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import IsCancelled, SettingError
from pipeline.request.parts import parse_enlargement, parse_repaint
from pipeline.request.presets import get_menu
from pipeline.studio.enlarging import OnShare, enlarge_result
from pipeline.values import GenerationResult, Repaint, StepPreview

if TYPE_CHECKING:
    from pipeline.studio.studio import Studio

MOST_REPAINTS = 16  # of one picture; its file carries no more


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
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    grown = replace(request, enlargement=times)
    result = GenerationResult(image, grown, (), (), {}, reopened.revisions, canvas=reopened.canvas)
    on_result(enlarge_result(result, on_step, is_cancelled))


def repaint_file(
    studio: Studio,
    data: bytes,
    mask: NDArray[np.uint8],
    words: object,
    *,
    on_step: Callable[[StepPreview], None],
    on_result: Callable[[GenerationResult], None],
    is_cancelled: IsCancelled,
) -> None:
    """Give a part of the picture of a file of ours other colours, as words say; all else stays.

    mask: (h, w) uint8 of any size, stretched over the picture, white where the part is. Raises PictureFileError,
    StyleError or SettingError.
    """
    reopened = studio.read_picture(data)
    request, profile = reopened.request, studio.profile
    part = parse_repaint(profile, get_menu(profile.name), mask, words)
    if part is None or len(request.repaints) >= MOST_REPAINTS:
        raise SettingError(f"A picture is repainted {MOST_REPAINTS} times at most.")
    small = Image.fromarray(mask).resize((request.width, request.height), Image.Resampling.BOX)
    repaint = Repaint(np.asarray(small, np.uint8), part.prompt)
    changed = replace(request, repaints=(*request.repaints, repaint))
    result = studio.redraw(changed, is_cancelled=is_cancelled)
    on_result(replace(result, canvas=reopened.canvas))
