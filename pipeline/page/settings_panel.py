"""Lay out the settings that most people never change, and adapt them to the engine that draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from pipeline.controls import CONTROL_BY_NAME, CONTROLS, Control
from pipeline.page.components import PAGE_EVENT, lay_fold
from pipeline.page.hires_choice import HiresChoice, lay_hires_choice, wire_hires_choice
from pipeline.page.languages import mark_texts
from pipeline.page.left_out import lay_left_out, wire_left_out
from pipeline.page.page_event import PageEvent
from pipeline.page.page_order import SETTINGS
from pipeline.page.quality import (
    OWN_STRENGTH,
    adapt_settings,
    lay_quality_inputs,
    list_limits,
    list_usual_quality,
    wire_quality_inputs,
)
from pipeline.page.quick_steps import QuickSteps, lay_quick_steps, wire_quick_steps
from pipeline.page.reading_choice import lay_reading_choice, wire_reading_choice
from pipeline.page.wanted_parts import lay_wanted_parts, wire_wanted_parts
from pipeline.prompt_syntax import PROMPT_LIMIT
from pipeline.request.presets import get_menu
from pipeline.studio.studio import Studio

READING_CHOICES = [("Choose for me", "auto"), ("A line drawing", "lines"), ("A photo or shaded picture", "canny")]
PAINT = "colour_strength"  # a setting of engines that ink the drawing, hidden for others
START = "strength"  # a setting of engines that start from pictures, hidden for others
OF_COLOURS = (START, PAINT)  # how far a picture goes from the colours on the sheet, by engine
LAYERS = "clip_skip"  # a setting of engines whose words are read layer by layer, hidden for others
SIDES = ("width", "height")
SLIDERS = ("num_inference_steps", "guidance_scale", "ip_adapter_scale", "controlnet_conditioning_scale", "lines")


@dataclass(frozen=True)
class SettingsPanel:
    """SettingsPanel holds the inputs that most people never change."""

    negative_prompt: gr.Textbox
    reading: gr.Radio
    readings: gr.HTML  # what reads the drawing
    controlnets: gr.HTML  # the same, as an order takes it
    hires: HiresChoice  # whether there are two passes
    engine: gr.Textbox  # which one the settings are for
    quality: dict[str, Any]  # preset, sampler, style focus, size, levers
    quick: QuickSteps
    left_out: list[gr.Dropdown]  # what is left out of steps
    wanted: gr.HTML  # downloads for what is chosen
    numbers: dict[str, gr.Slider | gr.Number]
    reset: gr.Button


def lay_settings(studio: Studio, script: str) -> SettingsPanel:
    """Lay out the closed panel of settings."""
    with lay_fold("settings", "Settings", script):
        with gr.Row():
            negative_prompt = gr.Textbox(
                get_menu(studio.profile.name).negative_prompt,
                label="Not in the picture",
                placeholder="text, frames",
                lines=3,  # the usual words of SD 1.5 fill three lines of the narrowest column
                max_length=PROMPT_LIMIT,
                info="Words for what you do not want to see.",
            )
            reading = gr.Radio(
                READING_CHOICES,
                value="auto",
                label="Your drawing is",
                info="How its lines are found: along the middle of each stroke, or at every edge.",
            )
        readings, controlnets = lay_reading_choice(studio, script)
        engine = gr.Textbox(studio.profile.name, visible="hidden", label="engine")
        quality = lay_quality_inputs(studio.profile)
        quick = lay_quick_steps(studio)
        left_out = lay_left_out(studio)
        wanted = lay_wanted_parts(script)
        hires = lay_hires_choice(studio)
        with gr.Row(elem_id="numbers"):
            numbers = {
                control.name: make_number_input(control, studio.profile.defaults[control.name]) for control in CONTROLS
            }
        for name, is_offered in list_lacking_settings(studio.profile.name).items():
            numbers[name].visible = is_offered
        gr.HTML(describe_words_and_safety(studio.settings.safety), apply_default_css=False, elem_id="about-words")
        reset = gr.Button("Back to the usual settings", size="sm", elem_id="reset")
    return SettingsPanel(
        *(negative_prompt, reading, readings, controlnets, hires, engine, quality, quick, left_out, wanted, numbers),
        reset,
    )


def describe_words_and_safety(safety: str) -> str:
    """Describe how words are weighted and what the safety checker does, in HTML."""
    checked = (
        "Stable Diffusion's pictures pass its safety checker before you see them, and where it withholds one "
        "you are told so."
        if safety == "on"
        else "Whoever runs this page has turned Stable Diffusion's safety checker off."
    )
    sentences = (
        "Words may have weights: (neon:1.3) or ((neon)) counts more, (neon:0.7) or [neon] less.",
        "A backslash before a bracket makes it a plain one.",
        checked,
        "The pocket model needs none: emoji, clip art and scenes made of them are all that it has ever seen.",
    )
    return f"<p>{' '.join(sentences)}</p>"


def make_number_input(control: Control, usual: float) -> gr.Slider | gr.Number:
    """Make a slider, or a plain field where the range is too wide to slide through."""
    if control.maximum - control.minimum > 1_000_000:
        return gr.Number(
            usual,
            label=control.label,
            info=control.info,
            minimum=control.minimum,
            maximum=control.maximum,
            precision=0,
            elem_id=control.name,
            min_width=240,
        )
    return gr.Slider(
        control.minimum,
        control.maximum,
        usual,
        step=control.step,
        label=control.label,
        info=control.info,
        elem_id=control.name,
        min_width=240,
    )


def wire_settings(
    studio: Studio, settings: SettingsPanel, inputs: list[Any], canvas: gr.HTML, running: gr.Textbox
) -> None:
    """Connect the reset button and the presets, and let all inputs follow the engine that draws.

    `inputs`: the page's inputs in the order of SETTINGS; `running`: the box that names the engine that draws.
    """
    settings.reset.click(
        lambda: [get_menu(studio.profile.name).negative_prompt, "auto", "", "", *list_usual_settings(studio)],
        None,
        [
            settings.negative_prompt,
            settings.reading,
            settings.controlnets,
            settings.hires.written,
            *settings.quality.values(),
            *settings.numbers.values(),
        ],
        **PAGE_EVENT,
    )
    wire_reading_choice(studio, settings.readings, inputs, canvas, running, **PAGE_EVENT)
    wire_quality_inputs(lambda: studio.profile, settings.quality, settings.numbers, **PAGE_EVENT)
    wire_quick_steps(studio, settings.quick, settings.quality, settings.numbers, running, **PAGE_EVENT)
    wire_left_out(studio, settings.left_out, settings.quality["levers"], running, **PAGE_EVENT)
    wire_wanted_parts(studio, settings.wanted, settings.quality, running, **PAGE_EVENT)
    wire_hires_choice(studio, settings.hires, running, **PAGE_EVENT)
    canvas.start(  # the page tells it whenever a picture to start from comes or goes
        follow_start, None, [settings.numbers[name] for name in OF_COLOURS], trigger_mode="always_last", **PAGE_EVENT
    )
    gr.on(
        [settings.engine.change, running.change],
        partial(follow_engine, studio, studio.profile.name),
        inputs,
        inputs,
        concurrency_limit=None,
        **PAGE_EVENT,
    )


def list_lacking_settings(engine: str) -> dict[str, bool]:
    """List the settings that an engine may lack, and whether it has each."""
    menu = get_menu(engine)
    return {PAINT: menu.inks_drawing, START: menu.starts_from_pictures, LAYERS: menu.skips_layers}


def follow_start(event: PageEvent) -> list[Any]:
    """Return what says how far a picture goes from the colours, out of use while a picture to start from `lies` on the
    sheet: that one's own strength counts.
    """
    lies = event.lies is True
    return [
        gr.update(interactive=not lies, **mark_texts({"info": OWN_STRENGTH if lies else CONTROL_BY_NAME[name].info}))
        for name in OF_COLOURS
    ]


def list_usual_settings(studio: Studio) -> list[Any]:
    """List quality and numbers as the engine that draws has them when nobody changed them."""
    profile = studio.profile
    return [*list_usual_quality(profile).values(), *(profile.defaults[control.name] for control in CONTROLS)]


def follow_engine(studio: Studio, built_for: str, *values: Any) -> list[Any]:
    """Return SETTINGS, with their limits, for the engine that draws; unchanged where they are set for it.

    `built_for`: the engine whose defaults the page was built with, to which a slider's own button goes back.
    """
    profile, settings = studio.profile, dict(zip(SETTINGS, values, strict=True))
    if settings["engine"] == profile.name:
        return [gr.skip()] * len(SETTINGS)
    offered, suited = list_limits(profile), adapt_settings(settings, profile)
    for name in (*SIDES, *SLIDERS):
        offered[name] = {**offered.get(name, {}), "buttons": ["reset"] if profile.name == built_for else []}
    for name, is_offered in list_lacking_settings(profile.name).items():
        offered[name] = {**offered.get(name, {}), "visible": is_offered}
    return [gr.update(value=value, **mark_texts(offered.get(name, {}))) for name, value in suited.items()]
