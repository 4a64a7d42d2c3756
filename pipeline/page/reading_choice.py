"""Let a person choose what reads the drawing: any of the ControlNets, or none, and Croquis chooses."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from pipeline.request.controlnets import write_controlnets
from pipeline.request.presets import get_menu
from pipeline.studio.studio import Studio
from pipeline.values import GenerationRequest

LABELS = {
    "scribble": "A loose scribble",
    "lineart": "Clean lines",
    "softedge": "Soft edges",
    "canny": "Every edge",
    "depth": "Near and far",
    "openpose": "People's poses",
}


def lay_reading_choice(studio: Studio) -> tuple[gr.CheckboxGroup, gr.Textbox]:
    """Lay out the choice, and the hidden input that an order takes it from as JSON, with the weights of a picture that
    was brought back.
    """
    choice = gr.CheckboxGroup(
        [(label, name) for name, label in LABELS.items()],
        label="Follow in your drawing",
        info="Several at once. With none, Croquis takes what suits your drawing.",
        elem_id="controlnets",
        visible=bool(get_menu(studio.profile.name).controlnets),
    )
    return choice, gr.Textbox("", visible="hidden", label="controlnets")


def wire_reading_choice(
    studio: Studio, choice: gr.CheckboxGroup, written: gr.Textbox, running: gr.Textbox, **event_options: Any
) -> None:
    """Keep what is checked and what an order takes the same, and show the choice where the engine has one."""
    choice.input(write_choice, choice, written, **event_options)
    written.change(read_choice, written, choice, **event_options)
    running.change(
        lambda: gr.update(visible=bool(get_menu(studio.profile.name).controlnets)), None, choice, **event_options
    )


def write_choice(names: list[str]) -> str:
    """Write the checked readings as an order takes them, each as strong as the drawing is followed; "" for none."""
    return json.dumps(dict.fromkeys(names)) if names else ""


def read_choice(written: str) -> list[str]:
    """Return the readings that are checked."""
    return [name for name in json.loads(written) if name in LABELS] if written else []


def restore_choice(request: GenerationRequest) -> str:
    """Write what read the drawing of a picture, with its weights; "" where its edge map alone did."""
    chosen = tuple((hint.controlnet, hint.settings) for hint in request.hints)
    return json.dumps(write_controlnets(chosen)) if chosen else ""
