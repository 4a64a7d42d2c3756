"""Lay out the drawing and its picture, the words and the buttons, and connect Draw and Stop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.models.catalog import PROFILES
from pipeline.page.components import PAGE_EVENT, build_address, make_component
from pipeline.page.easel import Easel
from pipeline.page.style_shelf import lay_library
from pipeline.request.faithfulness import ENDS, list_places
from pipeline.request.generation_data import PASTED_LIMIT
from pipeline.request.presets import get_menu
from pipeline.sketch.examples import read_examples
from pipeline.studio.studio import Studio


@dataclass(frozen=True)
class DrawingPanel:
    """DrawingPanel holds the components of the drawing and its picture that handlers read and write."""

    canvas: gr.HTML
    prompt: gr.Textbox
    chip: gr.HTML  # the style that Draw sends
    part: gr.HTML  # a part of the picture, and the style that it wears
    palette: gr.HTML  # the colours to paint in
    loras: gr.HTML  # LoRAs and weights, as an order takes them
    library: gr.HTML  # every style there is
    answers: gr.HTML  # to what the page asks of the library
    sheet: gr.HTML  # the drawing in many styles
    draw: gr.Button
    stop: gr.Button
    ticket: gr.Textbox
    picture: gr.HTML
    strip: gr.HTML
    history: gr.HTML
    film: gr.HTML  # how far a film of the drawing is
    faithful: gr.HTML  # the slider from faithful to free, which moves settings
    keeper: gr.HTML  # what the browser keeps of this page
    running: gr.Textbox  # the engine that draws, as far as this page knows


def lay_drawing_panel(studio: Studio, script: str) -> DrawingPanel:
    """Lay out the canvas, the picture, the words and the buttons; `strip` and `history` are rendered by the page."""
    canvas = make_component("canvas", script, events=("recipe", "start"))
    picture = make_component("picture", script, events=("enlarge", "repaint", "outpaint"))
    with gr.Column(elem_id="words"):
        with gr.Row(elem_id="ask"):
            prompt = gr.Textbox(
                label="What is it?",
                placeholder="What is it?  A red fox in a neon city",
                lines=1,
                max_lines=3,
                max_length=PASTED_LIMIT,
                elem_id="prompt",
                scale=1,
            )
            make_component("counts", script)
            draw = gr.Button("Make the picture", variant="primary", elem_id="draw")
            stop = gr.Button("Stop", elem_id="stop")
        with gr.Row(elem_id="look"):
            with gr.Column(elem_id="styles-row"):
                chip = make_component("chip", script, value="auto")
                part = make_component("part", script, value="")
                palette = make_component("colours", script, value="")
                loras = make_component("loras", script, value="")
                library, answers = lay_library(studio, script)
                sheet = make_component("sheet", script, events=("begin", "halt"), elem_id="style-sheet")
            with gr.Column(elem_id="faithful"):
                faithful = make_component(
                    "faithful",
                    script,
                    value=describe_slider(studio.settings.assets),
                    events=("slide", "choose_lines"),
                    elem_id="faithfulness",
                )
    strip = make_component("strip", script, events=("use_seed", "keep_style"), render=False)
    history = make_component("history", script, events=("recall",), render=False)
    film = make_component("film", script, events=("make", "cancel"))
    keeper = make_component("keeping", script, events=("look", "bring_back"))
    ticket = gr.Textbox(visible="hidden", label="ticket")
    running = gr.Textbox(studio.profile.name, visible="hidden", label="running")
    return DrawingPanel(
        canvas=canvas,
        prompt=prompt,
        chip=chip,
        part=part,
        palette=palette,
        loras=loras,
        library=library,
        answers=answers,
        sheet=sheet,
        draw=draw,
        stop=stop,
        ticket=ticket,
        picture=picture,
        strip=strip,
        history=history,
        film=film,
        faithful=faithful,
        keeper=keeper,
        running=running,
    )


def lay_examples(studio: Studio, script: str) -> None:
    """Lay out the drawings to begin with; one text, since Gradio's page copies each number of a value anew whenever any
    event changes."""
    examples = read_examples(studio.settings.assets / "examples")
    make_component("examples", script, value=json.dumps(examples, separators=(",", ":")))


def describe_slider(assets: Path) -> dict[str, Any]:
    """Describe each place of the slider from free to faithful, by engine and preset, and where its pictures lie."""
    places = {
        name: {
            preset.name: list_places(name, {**profile.defaults, **preset.numbers}) for preset in get_menu(name).presets
        }
        for name, profile in PROFILES.items()
    }
    return {"places": places, "folder": build_address(assets.resolve() / "faithful")}


def wire_slider(panel: DrawingPanel, numbers: Mapping[str, Any]) -> None:
    """Let the slider set the settings that it moves, and the choice of lines their own; no server is asked."""
    names = [name for name in numbers if any(name in end for ends in ENDS.values() for end in ends)]
    moved = [numbers[name] for name in names]
    panel.faithful.slide(None, None, moved, js=f"() => croquis.readFaithful({json.dumps(names)})", **PAGE_EVENT)
    panel.faithful.choose_lines(None, None, numbers["lines"], js="() => croquis.readLines()", **PAGE_EVENT)


def follow_run(run: Any) -> None:
    """Keep the pictures of an event that drew; tell where Gradio could not take it at all: full, or not there."""
    run.then(None, None, None, js="() => croquis.keepPictures()", **PAGE_EVENT)
    run.failure(None, None, None, js="() => croquis.tellFailed()", **PAGE_EVENT)


def wire_drawing(easel: Easel, panel: DrawingPanel, inputs: list[Any]) -> None:
    """Connect Draw and Stop.

    Two presses may overlap for the one step that a stopped run still takes, hence "multiple". Every event that draws
    begins at once: the studio's line says whether it may wait, the engine whose turn it is.
    """
    run = panel.draw.click(
        easel.draw,
        [panel.canvas, *inputs, panel.ticket],
        [panel.picture, panel.strip, panel.running],
        js="(...inputs) => croquis.beginRun(...inputs)",
        concurrency_limit=None,
        trigger_mode="multiple",
        **PAGE_EVENT,
    )
    follow_run(run)
    panel.stop.click(
        easel.stop, panel.ticket, None, js="() => croquis.stopRun()", queue=False, trigger_mode="multiple", **PAGE_EVENT
    )
