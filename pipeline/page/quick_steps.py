"""Offer quick steps: weights and schedules for few steps, each with the sampler, steps and guidance it was made for.

What is chosen goes into the levers, as a preset's shortcuts do; a lighter decoder is chosen beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.controls import Shortcuts
from pipeline.errors import CroquisError
from pipeline.models.locate import describe_download
from pipeline.models.profile import ModelProfile
from pipeline.page.components import AnyDropdown, AnyRadio
from pipeline.page.part_downloads import find_parts
from pipeline.request.notation import parse_shortcuts
from pipeline.request.presets import SCHEDULES, FewSteps, Menu, get_menu
from pipeline.studio.studio import Studio

AS_CHOSEN, NONE = "preset", "none"
LABELS = {
    AS_CHOSEN: "As chosen under “How much work”",
    NONE: "None",
    "lcm": "LCM: 4 steps",
    "hyper-1": "Hyper-SD: 1 step",
    "hyper-2": "Hyper-SD: 2 steps",
    "hyper-4": "Hyper-SD: 4 steps",
    "hyper-8-unguided": "Hyper-SD: 8 steps",
    "hyper-8": "Hyper-SD: 8 steps, your words pressed",
    "pcm-4": "PCM: 4 steps",
    "pcm-8": "PCM: 8 steps",
    "ays": "Align Your Steps: 10 steps",
    "unipc": "UniPC: 12 steps",
}
DECODERS = [("As chosen under “How much work”", ""), ("The model's own", "full"), ("A small, quick one", "small")]
NOTHING_MORE = "It takes no other file and no more memory."
ONE_FILE = "It takes a file of {size} MB, and as much more memory; sampler, steps and “Follow the words” are set."
UNGUIDED = "With it, what should not be in the picture is not read."
NOT_HERE = "The file is not on this machine yet. {command}."


@dataclass(frozen=True)
class QuickSteps:
    """QuickSteps holds the two choices, and what is told of them."""

    steps: gr.Dropdown
    decoder: gr.Radio
    told: gr.HTML


def lay_quick_steps(studio: Studio) -> QuickSteps:
    """Lay out the choices; they are shown for an engine that has any."""
    menu = get_menu(studio.profile.name)
    with gr.Row():
        steps = AnyDropdown(
            list_choices(),
            value=AS_CHOSEN,
            label="Quick steps",
            elem_id="quick-steps",
            info="Fewer steps by weights or schedules made for them.",
            visible=bool(menu.few_steps),
        )
        decoder = AnyRadio(
            DECODERS,
            value="",
            label="What paints the picture",
            elem_id="decoder",
            info="A small decoder is quicker and loses fine detail.",
            visible=menu.small_decoder is not None,
        )
    told = gr.HTML("", apply_default_css=False, elem_id="quick-told", visible=bool(menu.few_steps))
    return QuickSteps(steps, decoder, told)


def list_choices() -> list[tuple[str, str]]:
    """List the quick steps of all engines, as the page names them and as the choice is called."""
    return [(label, name) for name, label in LABELS.items()]


def wire_quick_steps(
    studio: Studio,
    quick: QuickSteps,
    quality: Mapping[str, Any],
    numbers: Mapping[str, Any],
    running: gr.Textbox,
    **options: Any,
) -> None:
    """Connect the choices with the levers, and let them follow what the levers say; `running` names the engine."""
    levers, preset, sampler = (quality[name] for name in ("levers", "preset", "sampler"))
    set_for_it = [sampler, numbers["num_inference_steps"], numbers["guidance_scale"]]
    choose: Callable[..., Any] = lambda name, held, work: choose_steps(studio.profile, name, held, work)  # noqa: E731
    quick.steps.input(choose, [quick.steps, levers, preset], [levers, *set_for_it], **options)
    quick.decoder.input(choose_decoder, [quick.decoder, levers], levers, **options)
    gr.on(
        [levers.change, preset.change, sampler.change, running.change],
        lambda *shown: show_quick_steps(studio, *shown),
        [levers, preset, sampler],
        [quick.steps, quick.decoder, quick.told],
        **options,
    )


def choose_steps(profile: ModelProfile, name: str, levers: str, preset: str) -> list[Any]:
    """Return the levers, and the sampler, steps and guidance, of a choice. Raises SettingError for an unknown preset.

    Deep features that serve again are for many steps, so few-step weights switch them off.
    """
    menu, held = get_menu(profile.name), read_levers(levers)
    work = menu.find_preset(preset)
    if name != AS_CHOSEN and work.shortcuts.few_steps:
        work = menu.find_preset(menu.preset)
    usual = {**profile.defaults, **work.numbers, "sampler": work.sampler}
    for lever in ("few_steps", "cache_interval"):
        held.pop(lever, None)
    if name in menu.few_steps:
        usual |= menu.few_steps[name].usual
        held |= {"few_steps": name, "cache_interval": 1}
    elif name != AS_CHOSEN:
        usual |= SCHEDULES.get(name, {})
        held |= {"few_steps": ""}
    return [write_levers(held), *(usual[each] for each in ("sampler", "num_inference_steps", "guidance_scale"))]


def choose_decoder(decoder: str, levers: str) -> str:
    """Return the levers with another decoder; "" stands for the preset's."""
    held = read_levers(levers)
    held.pop("decoder", None)
    return write_levers(held | ({"decoder": decoder} if decoder else {}))


def show_quick_steps(studio: Studio, levers: str, preset: str, sampler: str) -> list[Any]:
    """Return both choices as the levers have them, and what there is to tell; hidden where an engine has none."""
    menu, held = get_menu(studio.profile.name), read_levers(levers)
    name = find_choice(held, sampler)
    told = describe_steps(studio, held, preset) if menu.few_steps else ""
    return [
        gr.update(value=name, visible=bool(menu.few_steps)),
        gr.update(value=held.get("decoder", ""), visible=menu.small_decoder is not None),
        gr.update(value=f'<p class="soft" data-told>{told}</p>' if told else "", visible=bool(menu.few_steps)),
    ]


def find_choice(held: Mapping[str, Any], sampler: str) -> str:
    """Return which quick steps the levers and the sampler stand for."""
    if "few_steps" not in held:
        return AS_CHOSEN
    scheduled = next((name for name, numbers in SCHEDULES.items() if numbers["sampler"] == sampler), NONE)
    return str(held["few_steps"] or scheduled)


def describe_steps(studio: Studio, held: Mapping[str, Any], preset: str) -> str:
    """Say what quick steps take and where that comes from; "" where an unknown preset is chosen."""
    menu = get_menu(studio.profile.name)
    try:
        chosen = find_few_steps(menu, held, preset)
    except CroquisError:
        return ""
    if chosen is None:
        return NOTHING_MORE if "few_steps" in held else ""
    part = studio.profile.parts[chosen.part]
    said = [ONE_FILE.format(size=round(part.size / 1e6)), *([UNGUIDED] if chosen.guidance_scale <= 1 else [])]
    if not part.is_on_demand and not find_parts(studio).has(chosen.part):
        said.append(NOT_HERE.format(command=describe_download([part])))
    return " ".join(said)


def find_few_steps(menu: Menu, held: Mapping[str, Any], preset: str) -> FewSteps | None:
    """Find the few-step weights that levers and a preset stand for; None without any. Raises CroquisError for an
    unknown preset or lever.
    """
    return menu.few_steps.get(parse_shortcuts(dict(held), menu.find_preset(preset).shortcuts).few_steps)


def read_levers(levers: str) -> dict[str, Any]:
    """Read the levers' JSON; none where it is not an object."""
    try:
        held = json.loads(levers or "{}")
    except ValueError:
        return {}
    known = Shortcuts.__dataclass_fields__
    return {name: value for name, value in held.items() if name in known} if isinstance(held, dict) else {}


def write_levers(held: Mapping[str, Any]) -> str:
    """Write levers as their box holds them; "" for none."""
    return json.dumps(dict(held)) if held else ""
