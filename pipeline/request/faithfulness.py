"""Say what one number from 0, free, to 1, faithful to the drawing, means for each of the settings that it moves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipeline.controls import CONTROL_BY_NAME, Control, expect_number

FAITHFULNESS = Control(
    "faithfulness",
    "Faithful to your drawing",
    "0 is free, 0.5 as usual, 1 keeps your lines and colours: sets what is left out of lines, "
    "controlnet_conditioning_scale, ip_adapter_scale and colour_strength, or strength with Stable Diffusion.",
    *(0, 1, 0.05),
)
MIDDLE = 0.5  # where every setting is as usual
ENDS: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]] = MappingProxyType(
    {  # engine -> settings at 0, settings at 1
        "pocket": (
            {"lines": 0.0, "controlnet_conditioning_scale": 0.3, "colour_strength": 0.0, "ip_adapter_scale": 1.3},
            {"lines": 1.0, "controlnet_conditioning_scale": 1.3, "colour_strength": 1.0, "ip_adapter_scale": 0.6},
        ),
        "sd15": (
            {"lines": 0.0, "controlnet_conditioning_scale": 0.4, "ip_adapter_scale": 0.9, "strength": 1.0},
            {"lines": 1.0, "controlnet_conditioning_scale": 1.4, "ip_adapter_scale": 0.4, "strength": 0.5},
        ),
    }
)


def spread_faithfulness(engine: str, usual: Mapping[str, Any], faithfulness: float) -> dict[str, float]:
    """Return the settings that a faithfulness in [0, 1] stands for, on their sliders' steps.

    `usual` are all settings as they are without it, which MIDDLE gives; from there each moves evenly to its end.
    """
    free, faithful = ENDS[engine]
    end, share = (free, 1 - faithfulness / MIDDLE) if faithfulness <= MIDDLE else (faithful, faithfulness / MIDDLE - 1)
    return {name: round_to_step(name, usual[name] + (end[name] - usual[name]) * share) for name in end}


def read_faithfulness(engine: str, usual: Mapping[str, Any], faithfulness: object) -> dict[str, float]:
    """Check a faithfulness and return its settings; none for None. Raises SettingError for what is no such number."""
    if faithfulness is None:
        return {}
    expect_number(FAITHFULNESS, faithfulness)
    return spread_faithfulness(engine, usual, float(faithfulness))  # type: ignore[arg-type]


def list_places(engine: str, usual: Mapping[str, Any]) -> list[dict[str, float]]:
    """List the settings at each place of the slider, from 0 to 1 in its steps."""
    steps = round(1 / FAITHFULNESS.step)
    return [spread_faithfulness(engine, usual, place / steps) for place in range(steps + 1)]


def round_to_step(name: str, value: float) -> float:
    """Return a setting's value on its slider's steps."""
    step = CONTROL_BY_NAME[name].step
    return round(round(value / step) * step, 4)
