"""Write settings as A1111's text has them."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

from pipeline.controls import SettingGroup


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
