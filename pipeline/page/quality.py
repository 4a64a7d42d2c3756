"""How much work a picture gets: the presets, and what they set that a person may set otherwise."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import gradio as gr

from pipeline.models.catalog import PROFILES
from pipeline.models.profile import ModelProfile
from pipeline.request.presets import WHOLE, Menu, menu_of
from pipeline.values import BATCH, GenerationRequest

FOCUS = {
    WHOLE: "The whole style",
    "style": "Its colours and brushwork",
    "style + layout": "Its colours, brushwork and layout",
}


def lay_work(profile: ModelProfile) -> dict[str, Any]:
    """The inputs by their names in an order; nothing is drawn but them."""
    menu, usual = menu_of(profile.name), usual_work(profile)
    with gr.Row():
        preset = gr.Radio(
            [(each.title, each.name) for each in menu.presets],
            value=usual["preset"],
            elem_id="preset",
            label="How much work",
            info=preset_info(menu),
        )
        focus = gr.Radio(
            [(FOCUS[name], name) for name in menu.style_focus],
            value=usual["style_focus"],
            label="What to take from the style",
            info="The rest stays as your words and lines say.",
            elem_id="style_focus",
        )
    with gr.Row():
        sampler = gr.Dropdown(
            list(menu.samplers),
            value=usual["sampler"],
            label="Sampler",
            elem_id="sampler",
            info="The way from noise to the picture.",
        )
        width, height = (side(profile, menu, name) for name in ("width", "height"))
        count = gr.Slider(BATCH.minimum, BATCH.maximum, 1, step=1, label=BATCH.label, info=BATCH.info, elem_id="count")
    levers = gr.Textbox(visible="hidden", label="levers")  # of a picture that no preset describes
    return {
        "preset": preset,
        "sampler": sampler,
        "style_focus": focus,
        "width": width,
        "height": height,
        "levers": levers,
        "count": count,
    }


def side(profile: ModelProfile, menu: Menu, name: str) -> gr.Slider:
    return gr.Slider(
        menu.least_side,
        profile.max_side,
        getattr(profile, name),
        step=menu.side_step,
        elem_id=name,
        label=f"{name.capitalize()}, px",
        info=side_info(profile, name),
    )


def usual_work(profile: ModelProfile) -> dict[str, Any]:
    """The values to begin with, in the inputs' order."""
    menu = menu_of(profile.name)
    sampler = menu.find_preset(menu.preset).sampler
    return {
        "preset": menu.preset,
        "sampler": sampler,
        "style_focus": WHOLE,
        "width": profile.width,
        "height": profile.height,
        "levers": "",
        "count": 1,
    }


def wire_work(drawing: Callable[[], ModelProfile], work: dict[str, Any], numbers: dict[str, Any], **quiet: Any) -> None:
    """A chosen preset sets what it names, and leaves alone what the person turned."""
    names = tuple(numbers)

    def choose(preset: str, sampler: str, *values: float) -> list[Any]:
        sampler, turned = with_preset(drawing(), preset, sampler, dict(zip(names, values, strict=True)))
        return [sampler, *turned.values(), ""]

    inputs = [work["sampler"], *numbers.values()]
    work["preset"].input(choose, [work["preset"], *inputs], [*inputs, work["levers"]], **quiet)


def with_preset(
    profile: ModelProfile, name: str, sampler: str, numbers: dict[str, float]
) -> tuple[str, dict[str, float]]:
    """Sampler and numbers under another preset. What no preset would have set was turned by hand, and stays."""
    menu = menu_of(profile.name)
    chosen = menu.find_preset(name)
    offered = [{**profile.defaults, **each.numbers} for each in menu.presets]
    wanted = {**profile.defaults, **chosen.numbers}
    numbers = {
        name: wanted[name] if any(each[name] == value for each in offered) else value for name, value in numbers.items()
    }
    if sampler in {each.sampler for each in menu.presets}:
        sampler = chosen.sampler
    return sampler, numbers


def suited_settings(settings: Mapping[str, Any], profile: ModelProfile) -> dict[str, Any]:
    """The page's inputs, set for the engine that `settings["engine"]` names, as they would be for this one.

    Words, style, reading, preset, thresholds and seed stay, the size keeps its proportions; other numbers mean
    something else to another engine, so the preset sets them.
    """
    if settings["engine"] == profile.name or settings["engine"] not in PROFILES:
        return {**settings, "engine": profile.name}
    before, menu = PROFILES[settings["engine"]], menu_of(profile.name)
    usual = usual_work(profile) | {"count": settings["count"], "style_focus": settings["style_focus"]}
    if settings["preset"] != menu_of(before.name).preset:
        usual["preset"] = settings["preset"]
    preset = menu.find_preset(usual["preset"])
    usual |= {"sampler": preset.sampler}
    usual |= {
        name: suited_side(settings[name], getattr(before, name), getattr(profile, name), profile, menu)
        for name in ("width", "height")
    }
    numbers = {**profile.defaults, **preset.numbers} | {name: settings[name] for name in LASTING if name in settings}
    changed = usual | numbers | {"engine": profile.name}
    return {name: changed.get(name, value) for name, value in settings.items()}


LASTING = ("canny_low", "canny_high", "seed")  # of the drawing or of chance, not of the engine


def suited_side(side: Any, usual: int, wanted: int, profile: ModelProfile, menu: Menu) -> int:
    """As many times `wanted` (px) as it was `usual`, within what the engine draws; `wanted` for what is no number."""
    if isinstance(side, bool) or not isinstance(side, int | float) or not math.isfinite(side):
        return wanted
    steps = round(side / usual * wanted / menu.side_step)
    return int(min(max(steps * menu.side_step, menu.least_side), profile.max_side))


def limits(profile: ModelProfile) -> dict[str, dict[str, Any]]:
    """What each input offers under an engine, by its name: choices, ranges and what is said of them."""
    menu = menu_of(profile.name)
    sides = {
        name: {
            "minimum": menu.least_side,
            "maximum": profile.max_side,
            "step": menu.side_step,
            "info": side_info(profile, name),
        }
        for name in ("width", "height")
    }
    return {
        "preset": {"choices": [(each.title, each.name) for each in menu.presets], "info": preset_info(menu)},
        "style_focus": {"choices": [(FOCUS[name], name) for name in menu.style_focus]},
        "sampler": {"choices": list(menu.samplers)},
        **sides,
    }


def preset_info(menu: Menu) -> str:
    return " ".join(f"{each.title}: {each.info}" for each in menu.presets)


def side_info(profile: ModelProfile, name: str) -> str:
    return f"The model knows {getattr(profile, name)} best."


def restored_work(request: GenerationRequest, profile: ModelProfile) -> dict[str, Any]:
    """What brings a request's work back: a preset, its levers as JSON where no preset has them, and the rest.

    Another engine's sampler, size, levers and numbers mean nothing here: the usual ones stand for them.
    """
    usual = usual_work(profile)
    if request.engine != profile.name:
        return usual | dict(profile.defaults) | {"seed": request.seed}
    same = [each.name for each in menu_of(profile.name).presets if each.levers == request.levers]
    preset = usual["preset"] if usual["preset"] in same or not same else same[0]
    return {"preset": preset, "levers": "" if same else json.dumps(asdict(request.levers))}
