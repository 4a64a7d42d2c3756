"""Read how a picture is to be drawn in two passes, or choose it by the picture's size."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from pipeline.controls import LARGEST_SCALE, HiresFix
from pipeline.errors import SettingError
from pipeline.request.notation import AUTO, name_kind, parse_json
from pipeline.request.presets import Menu

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

EXAMPLE = '{"scale": 2, "strength": 0.45}'
LIMIT = 1_000  # characters
STEP = 0.05  # of a scale that Croquis chooses
KEYS = tuple(each.name for each in fields(HiresFix))


def parse_hires(profile: ModelProfile, menu: Menu, given: object, size: tuple[int, int], starts: bool) -> HiresFix:
    """Read an object with any of HiresFix's settings, or the JSON text of one, for a picture of `size` (px).

    A scale that is left out, or 0, is chosen by the size. What `starts` from a picture has that in place of a first
    pass. Raises SettingError that names what came.
    """
    read = parse_object(given)
    scale = read.pop("scale", 0)
    if not menu.hires_from:
        if read or scale not in (0, 1):
            raise SettingError(f"{profile.title} draws at the picture's own size already, in one pass: hires came.")
        return HiresFix()
    if starts and scale not in (0, 1):
        raise SettingError("What is drawn from a picture has no smaller pass before it: the scale of hires stays 1.")
    chosen = choose_scale(profile, menu, size) if is_zero(scale) and not starts else 1.0 if is_zero(scale) else scale
    hires = HiresFix(**{"scale": chosen, **read})
    if hires.scale == 1:  # the rest decides nothing then
        return HiresFix()
    return normalise_numbers(hires)


def parse_object(given: object) -> dict[str, Any]:
    """Return the settings that came, by their names. Raises SettingError."""
    if given is None or given in ("", AUTO):
        return {}
    read = parse_json("hires", given, LIMIT, EXAMPLE) if isinstance(given, str) else given
    if not isinstance(read, Mapping):
        raise SettingError(f"hires is an object such as {EXAMPLE}; {name_kind(read)} came.")
    for key in read:
        if key not in KEYS:
            raise SettingError(f"hires has the keys {', '.join(KEYS)}; {str(key)[:40]!r} came.")
    return dict(read)


def is_zero(scale: object) -> bool:
    """Return whether a scale is left to Croquis."""
    return not isinstance(scale, bool) and scale == 0


def choose_scale(profile: ModelProfile, menu: Menu, size: tuple[int, int]) -> float:
    """Choose how many times smaller a picture of this size (px) is drawn first: 1 up to what the engine draws well,
    above it so that the first pass has about the usual area.
    """
    longer = max(size)
    if longer <= menu.hires_from:
        return 1.0
    by_area = math.sqrt(size[0] * size[1] / (profile.width * profile.height))
    wanted = max(by_area, longer / menu.hires_from)
    return min(LARGEST_SCALE, round(math.ceil(wanted / STEP - 1e-9) * STEP, 2))


def normalise_numbers(hires: HiresFix) -> HiresFix:
    """Return the settings with 2 as 2.0 and 10.0 steps as 10, so that equal orders are equal."""
    return HiresFix(
        scale=float(hires.scale),
        strength=float(hires.strength),
        num_inference_steps=int(hires.num_inference_steps),
        upscaler=hires.upscaler,
    )


def write_hires(hires: HiresFix) -> str:
    """Write the settings so that parse_hires reads the same back."""
    return json.dumps(asdict(hires))
