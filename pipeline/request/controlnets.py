"""Read which ControlNets are to steer a picture, how strongly and when, in diffusers' words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.controls import Conditioning, Shortcuts
from pipeline.errors import SettingError
from pipeline.hints import (
    HINT_LIMITS,
    ControlNetName,
    HintSettings,
    expect_controlnet,
    expect_hint_number,
)
from pipeline.request.notation import AUTO, name_kind
from pipeline.request.presets import Menu

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

Chosen = tuple[tuple[ControlNetName, HintSettings], ...]
EXAMPLE = '{"depth": 0.6, "openpose": {"control_guidance_end": 0.5}}'
LIMIT = 2_000  # characters


def parse_controlnets(
    profile: ModelProfile, menu: Menu, given: object, conditioning: Conditioning, shortcuts: Shortcuts
) -> Chosen:
    """Read an object, or the JSON text of one, from readings to numbers; empty for what Croquis is to choose.

    A number is the scale; an object sets any of HINT_LIMITS. What is left out is as the order's own settings say.
    Raises SettingError that names the key, what it takes and what came.
    """
    if given is None or given in ("", AUTO):
        return ()
    read = parse_json(given) if isinstance(given, str) else given
    if not isinstance(read, Mapping):
        raise SettingError(f"controlnets is an object such as {EXAMPLE}; {name_kind(read)} came.")
    if read and not menu.controlnets:
        raise SettingError(f"{profile.title} reads your lines alone; controlnets came.")
    usual = {
        "controlnet_conditioning_scale": conditioning.controlnet_conditioning_scale,
        "control_guidance_start": shortcuts.control_guidance_start,
        "control_guidance_end": shortcuts.control_guidance_end,
    }
    return tuple((name, parse_settings(name, value, usual)) for name, value in read.items())


def parse_settings(name: Any, value: object, usual: Mapping[str, float]) -> HintSettings:
    """Read how one ControlNet steers. Raises SettingError."""
    expect_controlnet(name)
    if value is None or value is True:
        return HintSettings(**usual)
    if isinstance(value, Mapping):
        for key in value:
            if key not in HINT_LIMITS:
                raise SettingError(f"{name} has the keys {', '.join(HINT_LIMITS)}; {str(key)[:40]!r} came.")
        given = dict(value)
    else:
        given = {"controlnet_conditioning_scale": value}
    for key, number in given.items():
        expect_hint_number(f"{key} of {name}", number, HINT_LIMITS[key])
    own = {str(key): float(number) + 0.0 for key, number in given.items()}
    return HintSettings(**{**usual, **own})


def parse_json(written: str) -> Any:
    """Parse the JSON text. Raises SettingError for what is too long or no JSON."""
    if len(written) > LIMIT:
        raise SettingError(f"controlnets is at most {LIMIT:,} characters of JSON; {len(written):,} came.")
    try:
        return json.loads(written)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"controlnets is an object such as {EXAMPLE}; what came is not JSON.") from error


def write_controlnets(chosen: Chosen) -> dict[str, dict[str, float]]:
    """Write the choice so that parse_controlnets reads the same back."""
    return {name: {key: getattr(settings, key) for key in HINT_LIMITS} for name, settings in chosen}
