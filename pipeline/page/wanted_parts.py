"""Fetch the weights that chosen quick steps and a closer look at the style need, from a row of Settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import gradio as gr

from pipeline.errors import CroquisError
from pipeline.page.components import make_component
from pipeline.page.page_event import PageEvent
from pipeline.page.part_downloads import PartDownloads, find_parts
from pipeline.page.quick_steps import find_few_steps, read_levers
from pipeline.request.presets import get_menu
from pipeline.studio.studio import Studio

POLL_SECONDS = 0.5  # seconds
EVENTS = ("fetch", "follow", "stop")


class WantedParts:
    """WantedParts holds the handlers of one studio's downloads for what is chosen in Settings."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._downloads = PartDownloads(studio)

    def look(self, levers: str, preset: str, adapter: str, visitor: gr.Request) -> dict[str, Any]:
        """Describe the downloads of what is chosen and not on this machine, and of what is on its way."""
        wanted = self._list_missing(levers, preset, adapter)
        files = self._downloads.describe({role: (role,) for role in wanted}, visitor)
        under_way = {name: each for name, each in self._downloads.follow(visitor)[0].items() if each["running"]}
        return {"wanted": wanted, "files": under_way | files}

    async def fetch(self, event: PageEvent, visitor: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """Fetch the part that the event names, if this visitor may; then follow as `follow` does."""
        role = str(getattr(event, "part", ""))
        part = self._studio.profile.parts.get(role)
        if part is not None and part.chosen_by and part.is_on_demand:
            await asyncio.to_thread(self._downloads.start, role, (role,), visitor)
        async for shown in self.follow(visitor):
            yield shown

    async def follow(self, visitor: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """Yield how far the downloads are until none runs any more; None stands for what came."""
        while True:
            files, moves = await asyncio.to_thread(self._downloads.follow, visitor)
            yield {"files": dict.fromkeys(self._downloads.list_names()) | files}
            if not moves:
                return
            await asyncio.sleep(POLL_SECONDS)

    def stop(self, event: PageEvent, visitor: gr.Request) -> None:
        """Stop the download that the event names, if this visitor may."""
        self._downloads.stop(str(getattr(event, "part", "")), visitor)

    def _list_missing(self, levers: str, preset: str, adapter: str) -> list[str]:
        """List the roles of what is chosen and not on this machine."""
        menu = get_menu(self._studio.profile.name)
        try:
            few = find_few_steps(menu, read_levers(levers), preset)
        except CroquisError:  # an unknown preset: an order says so
            few = None
        roles = [*([few.part] if few else []), *([menu.ip_adapters[adapter]] if adapter in menu.ip_adapters else [])]
        return list(find_parts(self._studio).list_missing(roles))


def lay_wanted_parts(script: str) -> gr.HTML:
    """Lay out the place of the downloads."""
    return make_component("wanted", script, value=None, events=EVENTS, elem_id="wanted-parts")


def wire_wanted_parts(
    studio: Studio, place: gr.HTML, quality: Mapping[str, Any], running: gr.Textbox, **options: Any
) -> None:
    """Show the downloads that the choices need; `running` is the box that names the engine that draws."""
    panel, chosen = WantedParts(studio), [quality[name] for name in ("levers", "preset", "ip_adapter")]
    options = {"concurrency_limit": None, **options}
    gr.on([running.change, *(each.change for each in chosen)], panel.look, chosen, place, **options)
    place.fetch(panel.fetch, None, place, **options)
    place.follow(panel.follow, None, place, **options)
    place.stop(panel.stop, None, None, queue=False, **options)
