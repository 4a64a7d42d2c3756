"""Make an order of the page's inputs, as Draw and the sheet of styles send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.controls import BATCH, CONTROLS
from pipeline.models.profile import ModelProfile
from pipeline.page.quality import adapt_settings
from pipeline.page.styled_part import read_part
from pipeline.request.order import Order, find_sheet, parse_count, parse_order, parse_size
from pipeline.request.presets import get_menu
from pipeline.sketch.canvas import MOST_SAMPLES
from pipeline.sketch.intake import read_strokes
from pipeline.sketch.sheet_start import find_start
from pipeline.studio.sheet_start import take_sheet_start
from pipeline.values import Sketch

CHOICES = ("preset", "sampler", "style_focus", "width", "height", "levers", "count", "ip_adapter")
NUMBERS = tuple(control.name for control in CONTROLS)
WORDS = ("prompt", "negative_prompt", "style", "part", "palette", "loras", "reading", "controlnets", "hires", "engine")
SETTINGS = (*WORDS, *CHOICES, *NUMBERS)


def read_sheet(profile: ModelProfile, canvas: str, most_samples: int = MOST_SAMPLES) -> Sketch:
    """Read the page's sheet, JSON, as this profile's engine takes it; most_samples as read_strokes takes it.

    Raises SketchError.
    """
    return read_strokes(canvas, most_samples, is_whole=not get_menu(profile.name).starts_from_pictures)


def read_order(profile: ModelProfile, sketch: Sketch, settings: Sequence[Any]) -> tuple[Order, int]:
    """Read the page's SETTINGS as an order to this profile's engine, and the number of pictures.

    They may have been set for another engine by now. Raises SketchError or SettingError.
    """
    named = adapt_settings(dict(zip(SETTINGS, settings, strict=True)), profile)
    del named["engine"]
    if not get_menu(profile.name).own_weights:  # they wait for the engine that takes them
        named["loras"] = ""
    if not get_menu(profile.name).controlnets:
        named["controlnets"] = ""
    if not get_menu(profile.name).hires_from:
        named["hires"] = ""
    count = parse_count(BATCH.name, named.pop("count"), int(BATCH.minimum), int(BATCH.maximum))
    if (named["width"], named["height"]) == profile.size:  # nobody changed them: the picture follows the sheet
        named["width"] = named["height"] = None
    size = parse_size(profile, get_menu(profile.name), named["width"], named["height"], find_sheet(sketch))
    part = read_part(named.pop("part"), sketch, size)
    if find_start(sketch) is not None:
        named["strength"] = named["colour_strength"] = None  # the sheet has its own
    sketch, named = take_sheet_start(get_menu(profile.name), sketch, named)
    return parse_order(profile, sketch=sketch, mask=part.mask, mask_style=part.mask_style, **named), count
