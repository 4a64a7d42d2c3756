"""Let a person choose what reads the drawing, how strongly, when and by which network; with none, Croquis chooses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import gradio as gr
from PIL import Image

from pipeline.hints import HINT_LIMITS
from pipeline.models.catalog import SD15
from pipeline.page import view
from pipeline.page.components import make_component
from pipeline.page.page_event import PageEvent
from pipeline.page.page_order import read_order, read_sheet
from pipeline.page.part_downloads import PartDownloads, find_parts
from pipeline.request.controlnets import write_controlnets
from pipeline.request.presets import get_menu
from pipeline.studio.messages import explain_error
from pipeline.studio.own_controlnets import list_suited
from pipeline.studio.readings import SeenHint, list_parts
from pipeline.studio.studio import Studio
from pipeline.values import GenerationRequest

POLL_SECONDS = 0.5  # seconds
EVENTS = ("look", "fetch", "follow", "stop")  # what the choice asks for


class ReadingPanel:
    """ReadingPanel holds the handlers of one studio's choice of readings."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._downloads = PartDownloads(studio)
        self._looks = count(1)

    def describe(self) -> dict[str, Any]:
        """Describe what there is to choose: readings, networks of the host's own, and the presets' intervals."""
        menu = get_menu(self._studio.profile.name)
        names = [each.name for each in self._studio.own_files.list_kind("controlnet")] if menu.controlnets else []
        return {
            "offered": bool(menu.controlnets),
            "readings": list(menu.controlnets),
            "most": HINT_LIMITS["controlnet_conditioning_scale"],
            "models": {name: list_suited(names, name) for name in menu.controlnets},
            "intervals": list_intervals(),
            "seen": [],
            "files": {},
            "problem": "",
            "is_readable": True,
        }

    def look(self, visitor: gr.Request, canvas: str, *settings: Any) -> dict[str, Any]:
        """Read the drawing as each network would see it, and say what is wrong with it, before anything is drawn."""
        shown = self.describe() | {"look": next(self._looks)}  # two that saw the same are two: the page awaits each
        if not shown["offered"]:
            return shown
        try:
            order, _ = read_order(self._studio.profile, read_sheet(self._studio.profile, canvas), settings)
            edges = self._studio.read_lines(order)
            seen = self._studio.look_at_hints(order, edges)
            faults = self._studio.find_reading_faults(order.sketch, edges)
            missing: dict[str, tuple[str, ...]] = {each.controlnet: each.missing for each in seen}
            shown |= {"seen": [build_seen_hint(each) for each in seen], "problem": " ".join(faults)}
        except Exception as error:  # a blank sheet, say; what is not here is told all the same
            missing = self._list_missing()
            shown |= {"problem": explain_error(error), "is_readable": False}
        return shown | {"files": self._downloads.describe(missing, visitor)}

    def _list_missing(self) -> dict[str, tuple[str, ...]]:
        """List the parts that each reading lacks, as published."""
        files, role_of = find_parts(self._studio), get_menu(self._studio.profile.name).controlnets
        return {name: files.list_missing(list_parts(role_of, name)) for name in role_of}

    async def fetch(self, event: PageEvent, visitor: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """Fetch what the reading lacks that the event names, if this visitor may; then follow as `follow` does."""
        role_of = get_menu(self._studio.profile.name).controlnets
        reading = str(getattr(event, "reading", ""))
        if reading in role_of:
            await asyncio.to_thread(self._downloads.start, reading, list_parts(role_of, reading), visitor)
        async for shown in self.follow(visitor):
            yield shown

    async def follow(self, visitor: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """Yield how far the readings' downloads are until none runs any more; what was seen stays as it was."""
        while True:
            files, moves = await asyncio.to_thread(self._downloads.follow, visitor)
            shown = self.describe()
            del shown["seen"]
            yield shown | {"files": files}
            if not moves:
                return
            await asyncio.sleep(POLL_SECONDS)

    def stop(self, event: PageEvent, visitor: gr.Request) -> None:
        """Stop the download for the reading that the event names, if this visitor may."""
        self._downloads.stop(str(getattr(event, "reading", "")), visitor)


def build_seen_hint(seen: SeenHint) -> dict[str, str]:
    """Build what the page shows of one hint; where its files are missing, that alone is told, beside their download."""
    image = "" if seen.pixels is None else view.make_hint_url(Image.fromarray(seen.pixels))
    return {"controlnet": seen.controlnet, "image": image, "notice": "" if seen.missing else seen.notice}


def list_intervals() -> dict[str, list[float]]:
    """List the share of the steps that ControlNets steer where nobody says otherwise, by preset."""
    presets = get_menu(SD15.name).presets
    return {each.name: [each.shortcuts.control_guidance_start, each.shortcuts.control_guidance_end] for each in presets}


def lay_reading_choice(studio: Studio, script: str) -> tuple[gr.HTML, gr.HTML]:
    """Lay out the choice, and the hidden value that an order takes it from as JSON."""
    described = ReadingPanel(studio).describe()
    choice = make_component("readings", script, value=described, events=EVENTS, elem_id="readings")
    return choice, make_component("controlnets", script, value="")


def wire_reading_choice(
    studio: Studio, choice: gr.HTML, inputs: list[Any], canvas: gr.HTML, running: gr.Textbox, **event_options: Any
) -> None:
    """Show the choice where the engine has one, and what the networks see when the page asks."""
    panel = ReadingPanel(studio)
    running.change(panel.describe, None, choice, concurrency_limit=None, **event_options)
    followed: dict[str, Any] = {"concurrency_limit": None, **event_options}
    choice.fetch(panel.fetch, None, choice, **followed)
    choice.follow(panel.follow, None, choice, **followed)
    choice.stop(panel.stop, None, None, queue=False, **event_options)
    choice.look(panel.look, [canvas, *inputs], choice, concurrency_limit=2, trigger_mode="always_last", **event_options)


def restore_choice(request: GenerationRequest) -> str:
    """Write what read the drawing of a picture, with its weights; "" where its edge map alone did."""
    chosen = tuple((hint.controlnet, hint.settings) for hint in request.hints)
    return json.dumps(write_controlnets(chosen)) if chosen else ""
