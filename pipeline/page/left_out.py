"""Offer what a picture may leave out of its steps, each by a choice of its own: deep layers, guidance, ControlNet.

What is chosen goes into the levers, over the preset's shortcuts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from pipeline.controls import Shortcuts
from pipeline.page.components import AnyDropdown
from pipeline.page.quick_steps import AS_CHOSEN, LABELS, read_levers
from pipeline.request.presets import get_menu
from pipeline.studio.studio import Studio

OTHERWISE = "As the picture had it that was brought back"  # levers that are not among the choices
EVERY_STEP = ("In every step", "In every 2nd step", "In every 3rd step", "In every 4th step")
# The names of the levers, then the choice, which is their JSON, or "" for the preset's, and all levers
WRITE = """(chosen, levers) => {
    const held = levers ? JSON.parse(levers) : {};
    for (const name of %(names)s) delete held[name];
    const kept = { ...held, ...JSON.parse(chosen || "{}") };
    return Object.keys(kept).length ? JSON.stringify(kept) : "";
}"""


@dataclass(frozen=True)
class LeftOut:
    """LeftOut is one choice of what is left out: the levers it sets, and how it stands on the page."""

    elem_id: str
    label: str
    info: str  # what it gives, and what it costs
    choices: Mapping[str, Mapping[str, Any]]  # as the page names it -> levers; each sets the same ones

    @property
    def levers(self) -> tuple[str, ...]:
        """Return the names of the levers that it sets."""
        return tuple(next(iter(self.choices.values())))

    def list_choices(self) -> list[tuple[str, str]]:
        """List the choices as a dropdown takes them; the first leaves it to the preset."""
        return [(LABELS[AS_CHOSEN], ""), *((label, json.dumps(held)) for label, held in self.choices.items())]

    def find_choice(self, held: Mapping[str, Any]) -> str:
        """Return which choice the levers stand for, as the dropdown has it: "" where none of them is its own."""
        if not any(name in held for name in self.levers):
            return ""
        usual = Shortcuts()
        wanted = {name: held.get(name, getattr(usual, name)) for name in self.levers}
        same = [each for each in self.choices.values() if each == wanted]  # 0 is 0.0: browsers write no 0.0
        return json.dumps(same[0] if same else wanted)


# The shares of a step's time are those of docs/levers.md.
LEFT_OUT = (
    LeftOut(
        "cache-interval",
        "Compute all layers",
        "A step in between takes a ninth of the time; fine detail may change.",
        {label: {"cache_interval": every} for every, label in enumerate(EVERY_STEP, 1)},
    ),
    LeftOut(
        "guidance-interval",
        "Press your words",
        "A step without takes about half the time, and does not read what should not be in the picture.",
        {
            "In every step": {"guidance_start": 0.0, "guidance_end": 1.0},
            "In the first three quarters": {"guidance_start": 0.0, "guidance_end": 0.75},
            "In the first half": {"guidance_start": 0.0, "guidance_end": 0.5},
            "Neither first nor last: from 15 % to 85 %": {"guidance_start": 0.15, "guidance_end": 0.85},
        },
    ),
    LeftOut(
        "controlnet-every",
        "Read your lines",
        "A step in between takes seven tenths of the time, on the lines as they were read before.",
        {label: {"controlnet_every": every} for every, label in enumerate(EVERY_STEP, 1)},
    ),
    LeftOut(
        "controlnet-half",
        "Your lines steer",
        "A pressed step is computed with your words and without. Reading the lines once saves a seventh of it.",
        {
            "With your words and without": {"controlnet_half": "both"},
            "Both, read once": {"controlnet_half": "shared"},
            "With your words alone": {"controlnet_half": "conditional"},
        },
    ),
)


def lay_left_out(studio: Studio) -> list[gr.Dropdown]:
    """Lay out the choices, in the order of LEFT_OUT; they are shown for an engine that can leave anything out."""
    with gr.Row():
        return [
            AnyDropdown(
                each.list_choices(),
                value="",
                label=each.label,
                info=each.info,
                elem_id=each.elem_id,
                min_width=240,
                visible=get_menu(studio.profile.name).shortcuts,
            )
            for each in LEFT_OUT
        ]


def wire_left_out(
    studio: Studio, dropdowns: list[gr.Dropdown], levers: gr.Textbox, running: gr.Textbox, **options: Any
) -> None:
    """Connect the choices with the levers, and let them follow what the levers say; `running` names the engine.

    What is chosen is written in the browser: of two choices in quick succession the server would lose one.
    """
    for each, dropdown in zip(LEFT_OUT, dropdowns, strict=True):
        write = WRITE % {"names": json.dumps(each.levers)}
        dropdown.input(None, [dropdown, levers], levers, js=write, **options)
    gr.on([levers.change, running.change], partial(show_left_out, studio), levers, dropdowns, **options)


def show_left_out(studio: Studio, levers: str) -> list[Any]:
    """Return what the dropdowns show for the levers; hidden where the engine leaves nothing out."""
    is_offered, held = get_menu(studio.profile.name).shortcuts, read_levers(levers)
    return [show_choice(each, each.find_choice(held), is_offered) for each in LEFT_OUT]


def show_choice(each: LeftOut, chosen: str, is_offered: bool) -> Any:
    """Return a dropdown with a choice, which is offered as well where it is not among the usual ones."""
    choices = each.list_choices()
    other = [] if chosen in dict(choices).values() else [(OTHERWISE, chosen)]
    return gr.update(choices=choices + other, value=chosen, visible=is_offered)
