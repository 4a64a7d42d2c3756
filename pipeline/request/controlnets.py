"""Read which ControlNets are to steer a picture, how strongly and when, in diffusers' words."""

from __future__ import annotations

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
from pipeline.request.notation import AUTO, name_kind, parse_json
from pipeline.request.presets import Menu

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

Chosen = tuple[tuple[ControlNetName, HintSettings], ...]
MODEL = "model"  # key of the name of a ControlNet of the person's own
MODEL_LIMIT = 300  # characters
EXAMPLE = '{"depth": 0.6, "openpose": {"control_guidance_end": 0.5}}'
LIMIT = 2_000  # characters


def parse_controlnets(
    profile: ModelProfile, menu: Menu, given: object, conditioning: Conditioning, shortcuts: Shortcuts
) -> Chosen:
    """Read an object, or the JSON text of one, from readings to numbers; empty for what Croquis is to choose.

    A number is the scale; an object sets any of HINT_LIMITS and "model", the name of a ControlNet of one's own.
    What is left out is as the order's own settings say.
    Raises SettingError that names the key, what it takes and what came.
    """
    if given is None or given in ("", AUTO):
        return ()
    read = parse_json("controlnets", given, LIMIT, EXAMPLE) if isinstance(given, str) else given
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


def parse_settings(name: Any, value: object, usual: Mapping[str, Any]) -> HintSettings:
    """Read how one ControlNet steers. Raises SettingError."""
    expect_controlnet(name)
    if value is None or value is True:
        return HintSettings(**usual)
    if isinstance(value, Mapping):
        for key in value:
            if key not in HINT_LIMITS and key != MODEL:
                raise SettingError(f"{name} has the keys {', '.join(HINT_LIMITS)}, {MODEL}; {str(key)[:40]!r} came.")
        given = dict(value)
    else:
        given = {"controlnet_conditioning_scale": value}
    model = parse_model(name, given.pop(MODEL, ""))
    for key, number in given.items():
        expect_hint_number(f"{key} of {name}", number, HINT_LIMITS[key])
    own = {str(key): float(number) + 0.0 for key, number in given.items()}
    return HintSettings(**{**usual, **own}, model=model)


def parse_model(name: str, given: object) -> str:
    """Read the name of a ControlNet of one's own; "" for the published one. Raises SettingError."""
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > MODEL_LIMIT:
        came = f"{len(given)} characters" if isinstance(given, str) else name_kind(given)
        raise SettingError(f"{MODEL} of {name} is a name of at most {MODEL_LIMIT} characters; {came} came.")
    return given.strip()


def write_controlnets(chosen: Chosen) -> dict[str, dict[str, float | str]]:
    """Write the choice so that parse_controlnets reads the same back."""
    return {
        name: {key: getattr(settings, key) for key in HINT_LIMITS} | ({MODEL: settings.model} if settings.model else {})
        for name, settings in chosen
    }
