"""Draw what one call asks for, whichever way it came in: checked once, drawn once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.controls import BATCH, expect_number
from pipeline.errors import EngineChanged, IsCancelled, SettingError
from pipeline.request.inputs import DRAW_INPUTS, INPUT_BY_NAME
from pipeline.request.order import Order, parse_order
from pipeline.request.presets import get_menu
from pipeline.sketch.image_file import open_image
from pipeline.sketch.intake import read_image, read_strokes
from pipeline.sketch.mask_file import read_mask_image
from pipeline.studio.sheet_start import take_sheet_start
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult, Sketch, StepPreview

T = TypeVar("T")
MASKS = ("mask", "mask_image")


@dataclass(frozen=True, eq=False)
class Call:
    """Call is one wish for a picture: its files read, everything else as it came."""

    sketch: Sketch
    masks: Mapping[str, NDArray[np.uint8] | None]  # by their inputs' names, (H, W), white where something is asked for
    image: NDArray[np.uint8] | None  # (H, W, 3) RGB, to start from
    is_image_drawn: bool  # the image is the drawing, too: no other came
    inputs: Mapping[str, object]  # those of DRAW_INPUTS that parse_order checks
    count: int  # pictures


def read_call(named: Mapping[str, object]) -> Call:
    """Read the files and the number of pictures among a call's inputs; what is left out is as DRAW_INPUTS says.

    Files are bytes or a path. Raises SettingError or SketchError.
    """
    inputs = {each.name: each.default for each in DRAW_INPUTS} | dict(named)
    for name in inputs:
        if name not in INPUT_BY_NAME:
            raise SettingError(f"There is no input {name[:40]!r}; these are: {', '.join(INPUT_BY_NAME)}.")
    count = inputs.pop("count")
    expect_number(BATCH, count)
    sketch, strokes, image = (inputs.pop(name) for name in ("sketch", "strokes", "image"))
    alone = sketch is None and strokes is None and image is not None
    masks = {name: read_mask(inputs.pop(name)) for name in MASKS}
    drawing = read_drawing(image if alone else sketch, strokes)
    return Call(drawing, masks, read_start(image), alone, inputs, int(cast(float, count)))


def read_call_in_turn(
    studio: Studio, read_inputs: Callable[[], Mapping[str, object]], is_cancelled: IsCancelled | None = None
) -> Call:
    """Read a call's inputs as read_call does, once no other visitor's comes first. Raises as it does, and Cancelled."""
    with studio.preparing.take(is_cancelled=is_cancelled):
        return read_call(read_inputs())


def read_drawing(sketch: object, strokes: object) -> Sketch:
    """Read the drawing from its file or from the canvas's strokes. Raises SettingError unless exactly one came."""
    if (sketch is None) == (strokes is None):
        came = "neither" if sketch is None else "both"
        raise SettingError(f"A drawing comes as an image file (sketch) or as the canvas's JSON (strokes); {came} came.")
    if strokes is not None:
        return read_strokes(cast("str | Mapping[str, object]", strokes))
    return read_image(cast("bytes | Path", sketch))


def read_mask(mask: object) -> NDArray[np.uint8] | None:
    """Read a mask as read_mask_image does, (H, W) uint8; None where none came. Raises SketchError."""
    return None if mask is None else read_mask_image(open_image(cast("bytes | Path", mask), "mask"))


def read_start(image: object) -> NDArray[np.uint8] | None:
    """Read a picture to start from as (H, W, 3) uint8 RGB on white; None where none came. Raises SketchError."""
    if image is None:
        return None
    from pipeline.sketch.transparency import lay_on_white

    return lay_on_white(open_image(cast("bytes | Path", image), "image"), "image").pixels


def read_order(studio: Studio, call: Call) -> Order:
    """Check a call's inputs for the engine that draws now, before anything is loaded. Raises as parse_order does."""
    mask, mask_image = (call.masks[name] for name in MASKS)
    menu = get_menu(studio.profile.name)
    image = None if call.is_image_drawn and not menu.starts_from_pictures else call.image
    sketch, inputs = take_sheet_start(menu, call.sketch, {**call.inputs, "image": image})
    return parse_order(studio.profile, sketch=sketch, mask=mask, mask_image=mask_image, **inputs)


def draw_call(
    studio: Studio,
    call: Call,
    *,
    on_step: Callable[[StepPreview], None] | None = None,
    is_cancelled: IsCancelled | None = None,
) -> list[GenerationResult]:
    """Draw a call's pictures with the engine that runs now. Raises as read_order and Studio.draw_batch do."""
    return retry_on_engine_change(
        lambda: studio.draw_batch(
            read_order(studio, call),
            call.count,
            on_step=on_step,
            is_cancelled=is_cancelled,
        )
    )


def retry_on_engine_change(work: Callable[[], T]) -> T:
    """Call `work`, and once more where another engine took over meanwhile: its inputs are then read for that engine."""
    try:
        return work()
    except EngineChanged:
        return work()
