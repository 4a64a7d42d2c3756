"""Read the ControlNets that A1111's text notes, in the forms that sd-webui-controlnet has had, which Forge and SD.Next
write too.

ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 0.8, Guidance Start: 0.1, ..."
ControlNet 0: "preprocessor: canny, model: ..., weight: 1, starting/ending: (0, 1), control mode: Balanced, ..."
ControlNet-0 Enabled: True, ControlNet-0 Module: canny, ControlNet-0 Model: ..., ControlNet-0 Weight: 1, ...
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from pipeline.errors import SettingError
from pipeline.hints import ControlNetName, HintSettings
from pipeline.request.controlnet_names import recognise_preprocessor, recognise_reading

Unit = dict[str, str]  # entry in small letters -> value as it was written

UNIT = re.compile(r"controlnet(?: (\d{1,2}))?", re.IGNORECASE)
FLAT = re.compile(r"controlnet(?:-(\d{1,2}))? (\D.*)", re.IGNORECASE)
PART = re.compile(r'\s*([A-Za-z][\w /]*?)\s*:\s*("(?:\\.|[^\\"])*"|\([^()]*\)|[^,]*)(?:,|$)')
HASH = re.compile(r"\s*\\?\[[0-9a-f]{6,12}\\?\]$", re.IGNORECASE)
NAMES = {"preprocessor": "module", "pixel_perfect": "pixel perfect"}  # of the second form -> of the first
NUMBERS = {
    "weight": "controlnet_conditioning_scale",
    "guidance start": "control_guidance_start",
    "guidance end": "control_guidance_end",
}
MADE_OTHERWISE = {  # entry -> values that say what is so here anyway; any other is told
    "control mode": ("balanced", "0", "controlmode.balanced"),
    "hr option": ("both", "hiresfixoption.both"),
}


def take_controlnets(others: dict[str, str]) -> dict[str, dict[str, float | str]]:
    """Take the ControlNets that can steer here out of `others`, as parse_controlnets reads them; what cannot stays
    there, in words. A file of one's own keeps its name: whether it is here is not known yet.
    """
    is_ours = others.get("Version") == "Croquis"
    taken: dict[str, dict[str, float | str]] = {}
    for name, unit in list(take_units(others)):
        reading = read_kind(unit)
        settings = None if reading is None or reading in taken else read_settings(unit, is_ours)
        if reading is None or settings is None:
            others[name] = ", ".join(unit[key] for key in ("module", "model", "weight") if unit.get(key))
            continue
        taken[reading] = {key: value for key, value in asdict(settings).items() if value != ""}
        for key, usual in MADE_OTHERWISE.items():
            if unit.get(key, usual[0]).lower() not in usual:
                others[f"{name} {key}"] = unit[key]
    return taken


def take_units(others: dict[str, str]) -> Iterator[tuple[str, Unit]]:
    """Take the entries of each ControlNet that was on out of `others`; yield its name and them."""
    flat: dict[str, Unit] = {}
    for name in list(others):
        if (unit := UNIT.fullmatch(name)) is not None and others[name].startswith('"'):
            yield name_unit(unit.group(1)), read_unit(others.pop(name))
        elif (entry := FLAT.fullmatch(name)) is not None and is_entry(entry.group(2)):
            flat.setdefault(name_unit(entry.group(1)), {})[entry.group(2).lower()] = others.pop(name)
    for name, found in flat.items():
        if found.get("enabled", "True") == "True":
            yield name, found


def name_unit(number: str | None) -> str:
    """Name a ControlNet as the newest form does."""
    return "ControlNet" if number is None else f"ControlNet {number}"


def is_entry(name: str) -> bool:
    """Return whether a name is one of the third form's, which has no quotes around a ControlNet's entries."""
    return name.lower() in {"enabled", "module", "model", *NUMBERS, *MADE_OTHERWISE}


def read_unit(written: str) -> Unit:
    """Read the entries of one ControlNet in quotes."""
    found = {name.lower(): unquote(value.strip()) for name, value in PART.findall(unquote(written))}
    unit = {NAMES.get(name, name): value for name, value in found.items()}
    if interval := re.fullmatch(r"\(([^,()]*),([^,()]*)\)", unit.pop("starting/ending", "")):
        unit |= {"guidance start": interval.group(1).strip(), "guidance end": interval.group(2).strip()}
    return unit


def unquote(written: str) -> str:
    """Return a text without the quotes around it."""
    if not written.startswith('"'):
        return written
    try:
        return str(json.loads(written, strict=False))
    except ValueError:
        return written.strip('"')


def read_kind(unit: Mapping[str, str]) -> ControlNetName | None:
    """Return the reading of a ControlNet: by what read the picture, else by its model's name; None for others."""
    module, model = unit.get("module", "none"), HASH.sub("", unit.get("model", ""))
    if module.lower().startswith(("none", "invert")):  # it was given lines that were drawn or read already
        return recognise_reading(model)
    return recognise_preprocessor(module)


def read_settings(unit: Mapping[str, str], is_ours: bool) -> HintSettings | None:
    """Read weight, interval and model; None where they are not what a ControlNet takes here.

    In a text of ours a published ControlNet has no hash behind its name.
    """
    written = unit.get("model", "None")
    model = HASH.sub("", written)
    if model.lower() == "none" or (is_ours and model == written):
        model = ""
    try:
        numbers = {goal: float(unit[name]) for name, goal in NUMBERS.items() if name in unit}
        return HintSettings(**numbers, model=model)
    except (ValueError, SettingError):
        return None
