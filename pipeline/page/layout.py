"""Put the page together: which part stands where, and which event calls which handler."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from pipeline.page import view
from pipeline.page.api import register_api
from pipeline.page.components import PAGE_EVENT, lay_fold, make_component, place_component, serve_assets
from pipeline.page.drawing_panel import DrawingPanel, lay_drawing_panel, lay_examples, wire_drawing, wire_slider
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import Easel
from pipeline.page.going_on import wire_going_on
from pipeline.page.keeping import wire_keeping
from pipeline.page.languages import mark_page
from pipeline.page.lent_styles import wire_lent_styles
from pipeline.page.memory_panel import lay_memory_panel, wire_memory_panel
from pipeline.page.model_panel import lay_model_panel, wire_model_panel
from pipeline.page.own_files_panel import lay_own_files, wire_own_files
from pipeline.page.page_order import SETTINGS
from pipeline.page.settings_panel import SettingsPanel, lay_settings, wire_settings
from pipeline.page.style_sheet import StyleSheet, wire_style_sheet
from pipeline.page.style_shelf import Shelf, wire_library
from pipeline.page.taking_apart import wire_taking_apart
from pipeline.sketch.image_file import limit_pillow
from pipeline.studio.studio import Studio

DAY_SECONDS = 24 * 3600
TITLE = "<h1>Croquis</h1>"


def build_page(studio: Studio) -> gr.Blocks:
    """Build the whole page and the API of one studio."""
    limit_pillow()  # before Gradio decodes anything
    page: gr.Blocks = gr.Blocks(
        title="Croquis", analytics_enabled=False, delete_cache=(3600, DAY_SECONDS), fill_width=True
    )
    with page:
        script = serve_assets(studio.settings.assets.resolve())
        with gr.Row(elem_id="top"):
            gr.HTML(TITLE, apply_default_css=False, elem_id="title")
            status = make_component("status", script)
            make_component("header", script)
        files = DrawnFiles(page.GRADIO_CACHE, studio.settings.uploads / 2)  # the other half is the uploads'
        page.temp_file_sets.append(files.paths)  # delete_cache looks after them
        register_api(studio, files)  # first: the names of its endpoints come before those of the page's own events
        with gr.Column(elem_id="desk", elem_classes="fresh"):
            panel = lay_drawing_panel(studio, script)
            with gr.Column(elem_id="folds"):
                with lay_fold("making", "How it was made", script):
                    place_component(panel.strip)
                    apart = make_component("apart", script, events=("make",))
                settings = lay_settings(studio, script)
                with lay_fold("bigger", "A bigger model", script):
                    bigger = lay_model_panel(studio)
                    own = lay_own_files(script)
                    planner = lay_memory_panel()
            place_component(panel.history)
            lay_examples(studio, script)
        wire_taking_apart(wire_page(Easel(studio, files), page, panel, settings, status), apart)
        wire_model_panel(studio, page, bigger, [status, panel.running], **PAGE_EVENT)
        wire_memory_panel(studio, planner, panel.canvas, order_inputs(panel, settings), **PAGE_EVENT)
        wire_own_files(studio, page, own, panel.running, settings.quality["ip_adapter"], **PAGE_EVENT)
    mark_page(page)
    return page


def wire_page(easel: Easel, page: gr.Blocks, panel: DrawingPanel, settings: SettingsPanel, status: gr.HTML) -> Easel:
    """Connect the page's events with the handlers of one studio; return those around the engine."""
    studio = easel.studio
    inputs = order_inputs(panel, settings)
    wire_drawing(easel, panel, inputs)
    wire_going_on(easel, panel)
    wire_keeping(panel.keeper, inputs)
    wire_slider(panel, settings.numbers)
    everything = [panel.canvas, *inputs, panel.strip, panel.picture]
    panel.canvas.recipe(easel.restore, None, everything, **PAGE_EVENT)
    wire_lent_styles(studio, panel.strip, panel.library, panel.chip)
    panel.history.recall(None, None, everything, js="() => croquis.recallPicture()", **PAGE_EVENT)
    panel.strip.use_seed(None, None, settings.numbers["seed"], js="() => croquis.readSeed()", **PAGE_EVENT)
    wire_settings(studio, settings, inputs, panel.canvas, panel.running)
    wire_library(Shelf(studio), page, panel.library, panel.answers)
    wire_style_sheet(StyleSheet(easel), panel.canvas, inputs, panel.ticket, panel.sheet)
    page.load(LoadingStatus(studio).watch, None, [status, panel.running], concurrency_limit=None, **PAGE_EVENT)
    page.unload(easel.stop_session)
    return easel


def order_inputs(panel: DrawingPanel, settings: SettingsPanel) -> list[Any]:
    """Return the page's inputs in the order of SETTINGS."""
    named = {
        "prompt": panel.prompt,
        "style": panel.chip,
        "part": panel.part,
        "palette": panel.palette,
        "loras": panel.loras,
        "negative_prompt": settings.negative_prompt,
        "reading": settings.reading,
        "controlnets": settings.controlnets,
        "hires": settings.hires.written,
        "engine": settings.engine,
        **settings.quality,
        **settings.numbers,
    }
    return [named[name] for name in SETTINGS]


class LoadingStatus:
    """LoadingStatus shows each visitor how far the models are loaded, until they are ready."""

    POLL_SECONDS = 0.4

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    async def watch(self) -> AsyncIterator[tuple[dict[str, Any], str]]:
        """Yield the status, and the name of the engine that draws."""
        shown = None
        while True:
            state = self.studio.loading
            if state != shown:
                yield view.build_loading_status(state, self.studio.profile.title), self.studio.profile.name
            if state.ready or state.error:
                return
            shown = state
            await asyncio.sleep(self.POLL_SECONDS)
