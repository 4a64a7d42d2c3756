"""The page put together: which part stands where, and which event calls which handler."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from pipeline.page import view as show
from pipeline.page.api import register_api
from pipeline.page.components import fold, part, serve_assets
from pipeline.page.easel import SETTINGS, Easel
from pipeline.page.memory_panel import lay_planner
from pipeline.page.model_panel import lay_bigger, wire_bigger
from pipeline.page.quality import lay_work, limits, suited_settings, usual_work, wire_work
from pipeline.page.style_shelf import Shelf
from pipeline.prompt_syntax import PROMPT_LIMIT
from pipeline.sketch.examples import read_examples
from pipeline.sketch.image_file import limit_pillow
from pipeline.studio.studio import Studio
from pipeline.values import CONTROLS, Control

DAY = 24 * 3600  # seconds
ENGINE = "engine"  # concurrency group of everything that draws
READINGS = [("Choose for me", "auto"), ("A line drawing", "lines"), ("A photo or shaded picture", "canny")]
TITLE = """<h1>Croquis</h1><p>Draw something, say what it is, and see it as a picture.</p>"""
SIDES = ("width", "height")
SLIDERS = ("num_inference_steps", "guidance_scale", "ip_adapter_scale", "controlnet_conditioning_scale")  # an engine's
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Desk:
    """The components that handlers read and write."""

    canvas: gr.HTML
    prompt: gr.Textbox
    chip: gr.HTML  # the style that Draw sends
    draw: gr.Button
    stop: gr.Button
    ticket: gr.Textbox
    picture: gr.HTML
    strip: gr.HTML
    history: gr.HTML
    running: gr.Textbox  # the engine that draws, as far as this page knows


@dataclass(frozen=True)
class Settings:
    """What most people never touch."""

    negative_prompt: gr.Textbox
    reading: gr.Radio
    engine: gr.Textbox  # which one the settings are for
    work: dict[str, Any]  # preset, sampler, style focus, size, levers
    numbers: dict[str, gr.Slider | gr.Number]
    reset: gr.Button


@dataclass(frozen=True)
class StyleForm:
    grid: gr.HTML
    image: gr.Image
    name: gr.Textbox
    words: gr.Textbox
    add: gr.Button
    said: gr.Markdown


def build_page(studio: Studio) -> gr.Blocks:
    limit_pillow()  # before Gradio decodes anything
    page: gr.Blocks = gr.Blocks(title="Croquis", analytics_enabled=False, delete_cache=(3600, DAY), fill_width=True)
    with page:
        script = serve_assets(studio.settings.assets.resolve())
        with gr.Row(elem_id="top"):
            gr.HTML(TITLE, apply_default_css=False, elem_id="title")
            status = part("status", script)
        desk = lay_desk(studio, script)
        styles = lay_styles(script)
        settings = lay_settings(studio, script)
        bigger = lay_bigger(studio, script)
        register_api(studio)  # first: the names of its endpoints come before those of the page's own events
        lay_planner(studio, script, **QUIET)
        wire(studio, page, desk, settings, styles, status)
        wire_bigger(studio, page, bigger, [status, desk.running], **QUIET)
    return page


def lay_desk(studio: Studio, script: str) -> Desk:
    with gr.Column(elem_id="desk", elem_classes="fresh"):
        canvas = part("canvas", script, events=("recipe",))
        with gr.Column(elem_id="words"):
            with gr.Row(elem_id="ask"):
                prompt = gr.Textbox(
                    label="What is it?",
                    placeholder="What is it?  A red fox in a neon city",
                    lines=1,
                    max_lines=3,
                    max_length=PROMPT_LIMIT,
                    elem_id="prompt",
                    scale=1,
                )
                draw = gr.Button("Draw", variant="primary", elem_id="draw")
                stop = gr.Button("Stop", elem_id="stop")
            chip = part("chip", script, value="auto")
        picture = part("picture", script)
        part("examples", script, value=read_examples(studio.settings.assets / "examples"))
        strip = part("strip", script, events=("use_seed",))
        history = part("history", script, events=("recall",))
        ticket = gr.Textbox(visible="hidden", label="ticket")
        running = gr.Textbox(studio.profile.name, visible="hidden", label="running")
    return Desk(canvas, prompt, chip, draw, stop, ticket, picture, strip, history, running)


def lay_settings(studio: Studio, script: str) -> Settings:
    with fold("settings", "Settings", script):
        with gr.Row():
            negative_prompt = gr.Textbox(
                label="Not in the picture",
                placeholder="text, frames",
                max_length=PROMPT_LIMIT,
                info="Words for what you do not want to see.",
            )
            reading = gr.Radio(
                READINGS,
                value="auto",
                label="Your drawing is",
                info="How its lines are found: along the middle of each stroke, or at every edge.",
            )
        engine = gr.Textbox(studio.profile.name, visible="hidden", label="engine")
        work = lay_work(studio.profile)
        with gr.Row(elem_id="numbers"):
            numbers = {control.name: number(control, studio.profile.defaults[control.name]) for control in CONTROLS}
        gr.HTML(about_words_and_safety(studio.settings.safety), apply_default_css=False, elem_id="about-words")
        reset = gr.Button("Back to the usual settings", size="sm", elem_id="reset")
    return Settings(negative_prompt, reading, engine, work, numbers, reset)


def about_words_and_safety(safety: str) -> str:
    checked = (
        "Stable Diffusion's pictures pass its safety checker before you see them, and where it withholds one "
        "you are told so"
        if safety == "on"
        else "Whoever runs this page has turned Stable Diffusion's safety checker off"
    )
    return (
        r"<p>Words may have weights: (neon:1.3) or ((neon)) counts more, (neon:0.7) or [neon] less; \( is a "
        f"bracket. {checked}. The pocket model needs none: emoji, clip art and scenes made of them are all that it "
        "has ever seen.</p>"
    )


def number(control: Control, usual: float) -> gr.Slider | gr.Number:
    """A slider, or a plain field where the range is too wide to slide through."""
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


def lay_styles(script: str) -> StyleForm:
    with fold("shelf", "Styles", script):
        grid = part("library", script, value=[], events=("remove",))
        with gr.Row(elem_id="add-style"):
            image = gr.Image(
                label="A picture in that style",
                type="filepath",
                sources=["upload", "clipboard"],
                height=200,
                elem_id="style-image",
                scale=1,
                min_width=200,
                buttons=[],
            )
            with gr.Column(scale=2, min_width=260):
                name = gr.Textbox(label="Name of your style", max_length=60, elem_id="style-name")
                words = gr.Textbox(
                    label="Words that should find it",
                    placeholder="soft light, cut paper, 1960s",
                    max_length=500,
                    elem_id="style-words",
                )
                add = gr.Button("Add this style", elem_id="style-add")
                said = gr.Markdown(elem_id="style-said")
    return StyleForm(grid, image, name, words, add, said)


def wire(studio: Studio, page: gr.Blocks, desk: Desk, settings: Settings, styles: StyleForm, status: gr.HTML) -> None:
    easel = Easel(studio, page.GRADIO_CACHE)
    page.temp_file_sets.append(easel.served)  # delete_cache looks after our pictures too
    named = {
        "prompt": desk.prompt,
        "style": desk.chip,
        "negative_prompt": settings.negative_prompt,
        "reading": settings.reading,
        "engine": settings.engine,
        **settings.work,
        **settings.numbers,
    }
    inputs = [named[name] for name in SETTINGS]
    wire_drawing(easel, desk, inputs)
    everything = [desk.canvas, *inputs, desk.strip, desk.picture]
    desk.canvas.recipe(easel.restore, None, everything, **QUIET)
    desk.history.recall(None, None, everything, js="() => croquis.recall()", **QUIET)
    desk.strip.use_seed(None, None, settings.numbers["seed"], js="() => croquis.seedUsed()", **QUIET)
    settings.reset.click(
        lambda: ["", "auto", *usual_settings(studio)],
        None,
        [settings.negative_prompt, settings.reading, *settings.work.values(), *settings.numbers.values()],
        **QUIET,
    )
    wire_work(lambda: studio.profile, settings.work, settings.numbers, **QUIET)
    gr.on(
        [settings.engine.change, desk.running.change],
        partial(follow, studio, studio.profile.name),
        inputs,
        inputs,
        concurrency_limit=None,
        **QUIET,
    )
    wire_styles(Shelf(studio), page, styles)
    page.load(Progress(studio).watch, None, [status, desk.running], concurrency_limit=None, **QUIET)
    page.unload(easel.leave)


def usual_settings(studio: Studio) -> list[Any]:
    """Work and numbers as the engine that draws has them when nobody turned them."""
    profile = studio.profile
    return [*usual_work(profile).values(), *(profile.defaults[control.name] for control in CONTROLS)]


def follow(studio: Studio, built_for: str, *values: Any) -> list[Any]:
    """SETTINGS, with their limits, for the engine that draws; as they are where they are set for it.

    `built_for`: the engine whose defaults the page was built with, to which a slider's own button goes back.
    """
    profile, settings = studio.profile, dict(zip(SETTINGS, values, strict=True))
    if settings["engine"] == profile.name:
        return [gr.skip()] * len(SETTINGS)
    offered, suited = limits(profile), suited_settings(settings, profile)
    for name in (*SIDES, *SLIDERS):
        offered[name] = {**offered.get(name, {}), "buttons": ["reset"] if profile.name == built_for else []}
    return [gr.update(value=value, **offered.get(name, {})) for name, value in suited.items()]


def wire_drawing(easel: Easel, desk: Desk, inputs: list[Any]) -> None:
    """Two presses may overlap for the one step that a stopped run still takes, hence "multiple"."""
    run = desk.draw.click(
        easel.draw,
        [desk.canvas, *inputs, desk.ticket],
        [desk.picture, desk.strip, desk.running],
        js="(...inputs) => croquis.begin(...inputs)",
        concurrency_id=ENGINE,
        concurrency_limit=1,
        trigger_mode="multiple",
        **QUIET,
    )
    run.then(None, None, None, js="() => croquis.keep()", **QUIET)
    desk.stop.click(
        easel.stop, desk.ticket, None, js="() => croquis.stop()", queue=False, trigger_mode="multiple", **QUIET
    )


def wire_styles(shelf: Shelf, page: gr.Blocks, form: StyleForm) -> None:
    page.load(shelf.cards, None, form.grid, concurrency_limit=None, **QUIET)
    fields = [form.image, form.name, form.words]
    form.add.click(shelf.add, fields, [form.grid, *fields, form.said], **QUIET)
    form.grid.remove(shelf.remove, None, [form.grid, form.said], **QUIET)


class Progress:
    """How far the models are, told to each visitor until they are ready."""

    POLL = 0.4  # seconds

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    async def watch(self) -> AsyncIterator[tuple[dict[str, Any], str]]:
        """The status, and the name of the engine that draws."""
        told = None
        while True:
            state = self.studio.loading
            if state != told:
                yield show.loading(state, self.studio.profile.title), self.studio.profile.name
            if state.ready or state.error:
                return
            told = state
            await asyncio.sleep(self.POLL)
