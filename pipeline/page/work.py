"""How much work a picture gets: the presets, and what they set that a person may set otherwise."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import gradio as gr

from pipeline.presets import WHOLE, Menu, menu_of
from pipeline.profiles import ModelProfile
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
        preset = gr.Radio([(each.title, each.name) for each in menu.presets], value=usual["preset"], elem_id="preset",
                          label="How much work", info=" ".join(f"{each.title}: {each.info}" for each in menu.presets))
        focus = gr.Radio([(FOCUS[name], name) for name in menu.style_focus], value=usual["style_focus"],
                         label="What to take from the style", info="The rest stays as your words and lines say.",
                         elem_id="style_focus")
    with gr.Row():
        sampler = gr.Dropdown(list(menu.samplers), value=usual["sampler"], label="Sampler", elem_id="sampler",
                              info="The way from noise to the picture.")
        width, height = (side(profile, menu, name) for name in ("width", "height"))
        count = gr.Slider(BATCH.minimum, BATCH.maximum, 1, step=1, label=BATCH.label, info=BATCH.info, elem_id="count")
    levers = gr.Textbox(visible="hidden", label="levers")  # of a picture that no preset describes
    return {"preset": preset, "sampler": sampler, "style_focus": focus, "width": width, "height": height,
            "levers": levers, "count": count}


def side(profile: ModelProfile, menu: Menu, name: str) -> gr.Slider:
    return gr.Slider(menu.least_side, profile.max_side, getattr(profile, name), step=menu.side_step, elem_id=name,
                     label=f"{name.capitalize()}, px", info=f"The model knows {getattr(profile, name)} best.")


def usual_work(profile: ModelProfile) -> dict[str, Any]:
    """The values to begin with, in the inputs' order."""
    menu = menu_of(profile.name)
    sampler = menu.find_preset(menu.preset).sampler
    return {"preset": menu.preset, "sampler": sampler, "style_focus": WHOLE, "width": profile.width,
            "height": profile.height, "levers": "", "count": 1}


def wire_work(profile: ModelProfile, work: dict[str, Any], numbers: dict[str, Any], **quiet: Any) -> None:
    """A chosen preset sets what it names, and leaves alone what the person turned."""
    names = tuple(numbers)

    def choose(preset: str, sampler: str, *values: float) -> list[Any]:
        sampler, turned = with_preset(profile, preset, sampler, dict(zip(names, values, strict=True)))
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
    numbers = {name: wanted[name] if any(each[name] == value for each in offered) else value
               for name, value in numbers.items()}
    if sampler in {each.sampler for each in menu.presets}:
        sampler = chosen.sampler
    return sampler, numbers


def restored_work(request: GenerationRequest, profile: ModelProfile) -> dict[str, Any]:
    """What brings a request's work back: a preset, its levers as JSON where no preset has them, and the rest.

    Another engine's sampler, size and levers mean nothing here: the usual ones stand for them.
    """
    usual = usual_work(profile)
    if request.engine != profile.name:
        return usual
    same = [each.name for each in menu_of(profile.name).presets if each.levers == request.levers]
    preset = usual["preset"] if usual["preset"] in same or not same else same[0]
    return {"preset": preset, "levers": "" if same else json.dumps(asdict(request.levers))}
