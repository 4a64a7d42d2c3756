"""Lay out the inputs for how much work a picture gets: presets, and what they set that a person may set otherwise."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import gradio as gr

from pipeline.controls import BATCH
from pipeline.errors import phrase
from pipeline.models.catalog import PROFILES
from pipeline.models.profile import ModelProfile
from pipeline.page.components import AnyDropdown, AnyRadio
from pipeline.request.presets import SCHEDULES, WHOLE_STYLE, Menu, get_menu
from pipeline.values import GenerationRequest

FOCUS_LABELS = {
    WHOLE_STYLE: "The whole style",
    "style": "Its colours and brushwork",
    "style + layout": "Its colours, brushwork and layout",
}
OWN_STRENGTH = "The picture under your drawing has its own: Strength, on the sheet."  # said where a setting's lies idle
ADAPTER_LABELS = {"plus": phrase("Closely, part by part")}


def lay_quality_inputs(profile: ModelProfile) -> dict[str, Any]:
    """Lay out the inputs, named as in an order; what they show is drawn by nothing else."""
    menu, usual = get_menu(profile.name), list_usual_quality(profile)
    with gr.Row():
        preset = gr.Radio(
            [(each.title, each.name) for each in menu.presets],
            value=usual["preset"],
            elem_id="preset",
            label="How much work",
            info=describe_presets(menu),
        )
        focus = AnyRadio(
            [(FOCUS_LABELS[name], name) for name in menu.style_focus],
            value=usual["style_focus"],
            label="What to take from the style",
            info="The rest stays as your words and lines say.",
            elem_id="style_focus",
            visible=len(menu.style_focus) > 1,
        )
    with gr.Row():
        adapter = AnyDropdown(
            list_adapter_choices(menu),
            value="",
            label="How the style is looked at",
            elem_id="ip_adapter",
            info="Closely keeps more of its picture, and takes another file.",
            visible=bool(menu.ip_adapters),
        )
        sampler = AnyDropdown(
            list(menu.samplers),
            value=usual["sampler"],
            label="Sampler",
            elem_id="sampler",
            info="The way from noise to the picture.",
            visible=len(menu.samplers) > 1,
        )
        width, height = (make_side_slider(profile, menu, name) for name in ("width", "height"))
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
        "ip_adapter": adapter,
    }


def list_adapter_choices(menu: Menu, own: Iterable[str] = ()) -> list[tuple[str, str]]:
    """List what looks at styles, as the page names it and as an order does: the engine's, then a person's own files."""
    return [("As a whole", ""), *((ADAPTER_LABELS[name], name) for name in menu.ip_adapters), *((n, n) for n in own)]


def make_side_slider(profile: ModelProfile, menu: Menu, name: str) -> gr.Slider:
    """Make the slider for one side of the picture, "width" or "height", in px."""
    return gr.Slider(
        menu.least_side,
        profile.max_side,
        getattr(profile, name),
        step=menu.side_step,
        elem_id=name,
        label=f"{name.capitalize()}, px",
        info=describe_side(profile, name),
    )


def list_usual_quality(profile: ModelProfile) -> dict[str, Any]:
    """List the values to begin with, in the inputs' order."""
    menu = get_menu(profile.name)
    sampler = menu.find_preset(menu.preset).sampler
    return {
        "preset": menu.preset,
        "sampler": sampler,
        "style_focus": WHOLE_STYLE,
        "width": profile.width,
        "height": profile.height,
        "levers": "",
        "count": 1,
        "ip_adapter": "",
    }


def wire_quality_inputs(
    current_profile: Callable[[], ModelProfile], quality: dict[str, Any], numbers: dict[str, Any], **event_options: Any
) -> None:
    """Let a chosen preset set what it names, and leave alone what the person changed."""
    names = tuple(numbers)

    def choose(preset: str, sampler: str, *values: float) -> list[Any]:
        sampler, turned = apply_preset(current_profile(), preset, sampler, dict(zip(names, values, strict=True)))
        return [sampler, *turned.values(), ""]

    inputs = [quality["sampler"], *numbers.values()]
    quality["preset"].input(choose, [quality["preset"], *inputs], [*inputs, quality["levers"]], **event_options)


def apply_preset(
    profile: ModelProfile, name: str, sampler: str, numbers: dict[str, float]
) -> tuple[str, dict[str, float]]:
    """Return sampler and numbers under another preset. What no preset would have set was changed by hand, and stays."""
    menu = get_menu(profile.name)
    chosen = menu.find_preset(name)
    offered = [{**profile.defaults, **each.numbers} for each in menu.presets]
    quick = [*(each.usual for each in menu.few_steps.values()), *(SCHEDULES.values() if menu.few_steps else ())]
    offered += [{**profile.defaults, **each} for each in quick]
    wanted = {**profile.defaults, **chosen.numbers}
    numbers = {
        name: wanted[name] if any(each[name] == value for each in offered) else value for name, value in numbers.items()
    }
    if sampler in {*(each.sampler for each in menu.presets), *(each["sampler"] for each in quick)}:
        sampler = chosen.sampler
    return sampler, numbers


def adapt_settings(settings: Mapping[str, Any], profile: ModelProfile) -> dict[str, Any]:
    """Adapt the page's inputs, set for the engine that `settings["engine"]` names, to this profile's engine.

    Words, style, reading, preset, thresholds and seed stay, the size keeps its proportions; other numbers mean
    something else to another engine, so the preset sets them. What is usually not wanted in the picture is each
    engine's own, where nobody wrote something else.
    """
    if settings["engine"] == profile.name or settings["engine"] not in PROFILES:
        return {**settings, "engine": profile.name}
    before, menu = PROFILES[settings["engine"]], get_menu(profile.name)
    usual = list_usual_quality(profile) | {"count": settings["count"]}
    if settings["style_focus"] in menu.style_focus:
        usual["style_focus"] = settings["style_focus"]
    if settings["preset"] != get_menu(before.name).preset:
        usual["preset"] = settings["preset"]
    preset = menu.find_preset(usual["preset"])
    usual |= {"sampler": preset.sampler}
    usual |= {
        name: adapt_side(settings[name], getattr(before, name), getattr(profile, name), profile, menu)
        for name in ("width", "height")
    }
    numbers = {**profile.defaults, **preset.numbers} | {
        name: settings[name] for name in ENGINE_INDEPENDENT if name in settings
    }
    changed = usual | numbers | {"engine": profile.name}
    if settings.get("negative_prompt") == get_menu(before.name).negative_prompt:  # nobody changed it
        changed["negative_prompt"] = menu.negative_prompt
    return {name: changed.get(name, value) for name, value in settings.items()}


ENGINE_INDEPENDENT = (
    "canny_low",
    "canny_high",
    "seed",
    "variation_seed",
    "variation_strength",
)  # of the drawing or of chance, not of the engine


def adapt_side(side: Any, usual: int, wanted: int, profile: ModelProfile, menu: Menu) -> int:
    """Return a side in px that is as many times `wanted` as it was `usual`, within what the engine draws.

    Returns `wanted` for what is no finite number.
    """
    if isinstance(side, bool) or not isinstance(side, int | float) or not math.isfinite(side):
        return wanted
    steps = round(side / usual * wanted / menu.side_step)
    return int(min(max(steps * menu.side_step, menu.least_side), profile.max_side))


def list_limits(profile: ModelProfile) -> dict[str, dict[str, Any]]:
    """List what each input offers under an engine, by its name: choices, ranges and what is said of them."""
    menu = get_menu(profile.name)
    sides = {
        name: {
            "minimum": menu.least_side,
            "maximum": profile.max_side,
            "step": menu.side_step,
            "info": describe_side(profile, name),
        }
        for name in ("width", "height")
    }
    return {
        "preset": {"choices": [(each.title, each.name) for each in menu.presets], "info": describe_presets(menu)},
        "style_focus": {
            "choices": [(FOCUS_LABELS[name], name) for name in menu.style_focus],
            "visible": len(menu.style_focus) > 1,
        },
        "ip_adapter": {"visible": bool(menu.ip_adapters)},
        "sampler": {"choices": list(menu.samplers), "visible": len(menu.samplers) > 1},
        **sides,
    }


def describe_presets(menu: Menu) -> str:
    """Describe every preset of the menu in one paragraph."""
    return " ".join(f"{each.title}: {each.info}" for each in menu.presets)


def describe_side(profile: ModelProfile, name: str) -> str:
    """Say which width or height the model knows best, and that pictures of that size follow the sheet."""
    usual = getattr(profile, name)
    return f"The model knows {usual} best. With {profile.width} × {profile.height} the picture follows your sheet."


def restore_quality(request: GenerationRequest, profile: ModelProfile) -> dict[str, Any]:
    """Return the inputs that bring a request's quality back.

    A preset, its levers as JSON where no preset has them, and the rest. Another engine's sampler, size, levers and
    numbers mean nothing here: the usual ones stand for them.
    """
    usual = list_usual_quality(profile)
    if request.engine != profile.name:
        return usual | dict(profile.defaults) | {"seed": request.sampling.seed}
    same = [each.name for each in get_menu(profile.name).presets if each.shortcuts == request.shortcuts]
    preset = usual["preset"] if usual["preset"] in same or not same else same[0]
    return {"preset": preset, "levers": "" if same else json.dumps(asdict(request.shortcuts))}
