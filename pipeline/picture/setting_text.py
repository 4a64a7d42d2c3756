"""Write settings as A1111's text has them, and flat, each by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import Field, fields
from typing import Any, Protocol

from pipeline.controls import Conditioning, HiresFix, Sampling, SettingGroup, sort_settings
from pipeline.hints import ControlHint
from pipeline.models.controlnets import name_published


class HasSettings(Protocol):
    """HasSettings is a value with settings in groups, as an order and a request are."""

    @property
    def sampling(self) -> Sampling: ...
    @property
    def conditioning(self) -> Conditioning: ...


def flatten_settings(value: HasSettings) -> dict[str, Any]:
    """Return sampling and conditioning by the settings' names, in SETTING_ORDER; whole numbers as int."""
    flat: dict[str, Any] = {}
    for group in (value.sampling, value.conditioning):
        for each in fields(group):
            found = getattr(group, each.name)
            flat[each.name] = int(found) if each.metadata.get("control", {}).get("whole") else found
    return {name: flat[name] for name in sort_settings(flat)}


def describe_settings(group: SettingGroup) -> dict[str, str]:
    """Write a group as A1111's text has it: what has no usual value always, else what is not as usual.

    Settings of one name are one entry, such as an interval's two ends.
    """
    named: dict[str, list[Field[Any]]] = {}
    for each in fields(group):
        named.setdefault(each.metadata["text"], []).append(each)
    return {
        name: "-".join(write_setting(each, getattr(group, each.name)) for each in several)
        for name, several in named.items()
        if any(each.metadata.get("always") or getattr(group, each.name) != each.default for each in several)
    }


def write_setting(each: Field[Any], value: Any) -> str:
    """Write one setting: whole numbers in full, others to six digits, with the unit where one is declared."""
    limits, unit = each.metadata.get("control"), each.metadata.get("unit")
    whole = int(value) + each.metadata["offset"] if limits is not None and limits["whole"] else 0
    written = str(value) if limits is None else str(whole) if limits["whole"] else f"{value:g}"
    return f"{written} {unit}" if unit else written


def describe_hires(hires: HiresFix) -> dict[str, str]:
    """Write what decides a second pass as A1111's text has it, its steps always; nothing without one."""
    if hires.scale == 1:
        return {}
    return {each.metadata["text"]: write_setting(each, getattr(hires, each.name)) for each in fields(hires)}


def describe_controlnets(hints: Iterable[ControlHint]) -> dict[str, str]:
    """Write each ControlNet as sd-webui-controlnet has it: what read the drawing, its model, weight and interval."""
    return {f"ControlNet {number}": describe_hint(hint) for number, hint in enumerate(hints)}


def describe_hint(hint: ControlHint) -> str:
    """Write one ControlNet and its settings in quotes, as a list of names and values; a file of one's own with the
    beginning of its hash, as A1111 names models.
    """
    settings = hint.settings
    own = "" if hint.own is None else f"{settings.model} [{hint.own.sha256[:8]}]"
    written = {
        "Module": hint.controlnet,
        "Model": quote(own or name_published(hint.controlnet)),
        "Weight": write_number(settings.controlnet_conditioning_scale),
        "Guidance Start": write_number(settings.control_guidance_start),
        "Guidance End": write_number(settings.control_guidance_end),
    }
    return json.dumps(", ".join(f"{name}: {value}" for name, value in written.items()), ensure_ascii=False)


def quote(name: str) -> str:
    """Write a name as it is, or in quotes where it holds what divides entries."""
    return json.dumps(name, ensure_ascii=False) if re.search(r'[",:\\\n]', name) else name


def write_number(value: float) -> str:
    """Write a number in six digits, or in as many as it has."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
