"""Show a person's own model files on the page: which there are, which model draws, which LoRAs are put on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import gradio as gr

from pipeline.models.own_files import OwnFile
from pipeline.page.components import make_component
from pipeline.page.host import is_host
from pipeline.page.model_pictures import ModelPictures
from pipeline.page.page_event import PageEvent
from pipeline.page.quality import list_adapter_choices
from pipeline.request.presets import get_menu
from pipeline.studio.model_change import NAME_LIMIT, ModelChange
from pipeline.studio.studio import Studio

POLL_SECONDS = 0.5  # seconds
MOST_FAULTS = 100  # files that are listed as of no use
KINDS = ("checkpoint", "vae", "lora", "embedding", "ip_adapter")
PICTURED = ("checkpoint", "vae", "lora")  # what is shown with its picture


class OwnFilesPanel:
    """OwnFilesPanel holds the handlers of one studio's list of files. There is one change of the model at a time."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.change = ModelChange(studio)
        self.pictures = ModelPictures()

    async def watch(self, visitor: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """Yield the list until nothing changes by itself any more; first without pictures that have to be made."""
        may_change, list_files = is_host(visitor, self.studio.settings), self.studio.own_files.list_all
        files = await asyncio.to_thread(list_files)
        while True:
            changing = self.change.state.stage == "loading"
            yield await asyncio.to_thread(self.build_list, files, may_change)
            if await asyncio.to_thread(self.make_pictures, files):
                continue
            if not changing:
                return
            await asyncio.sleep(POLL_SECONDS)
            files = await asyncio.to_thread(list_files)

    async def choose(self, event: PageEvent, visitor: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """Let the model and the VAE draw that the event names, if this visitor may; then watch as `watch` does."""
        names = [str(getattr(event, name, "") or "")[:NAME_LIMIT] for name in ("model", "vae")]
        if is_host(visitor, self.studio.settings):
            await asyncio.to_thread(self.change.start, *names)
        async for shown in self.watch(visitor):
            yield shown

    async def offer_adapters(self) -> dict[str, Any]:
        """Offer the engine's ways to look at styles, and the IP-Adapters of a person's own."""
        menu = get_menu(self.studio.profile.name)
        own = await asyncio.to_thread(self.studio.own_files.list_kind, "ip_adapter") if menu.ip_adapters else []
        return gr.update(choices=list_adapter_choices(menu, [each.name for each in own]))

    def make_pictures(self, files: Sequence[OwnFile]) -> bool:
        """Make the files' small pictures; returns whether there are new ones."""
        return self.pictures.make(each for each in files if each.kind in PICTURED)

    def build_list(self, files: Sequence[OwnFile], may_change: bool) -> dict[str, Any]:
        """Build the component's value: the files by kind, what is wrong with others, and which model draws."""
        state, (model, vae) = self.change.state, self.change.present
        return {
            **{kind: [self._build_entry(each) for each in files if each.kind == kind] for kind in KINDS},
            "faults": [each.fault for each in files if each.fault][:MOST_FAULTS],
            "present": {"model": model, "vae": vae},
            "state": {"stage": state.stage, "activity": state.activity, "fraction": state.fraction},
            "message": state.message,
            "may_change": may_change,
            "draws": self.studio.profile.name == "sd15",
        }

    def _build_entry(self, file: OwnFile) -> dict[str, str]:
        """Build a file's name and small picture."""
        return {"name": file.name, "thumb": self.pictures.find(file)}


def lay_own_files(script: str) -> gr.HTML:
    """Lay out the list of a person's own files."""
    return make_component("own", script, value=None, events=("look", "choose"), elem_id="own-files")


def wire_own_files(
    studio: Studio, page: gr.Blocks, component: gr.HTML, running: gr.Textbox, adapter: gr.Dropdown, **options: Any
) -> OwnFilesPanel:
    """Connect the list's events; `running` is the box that names the engine that draws, `adapter` chooses what looks at
    styles.
    """
    panel = OwnFilesPanel(studio)
    panel.change.restore()
    options = {"concurrency_limit": None, **options}
    gr.on([page.load, running.change], panel.watch, None, component, **options)
    component.look(panel.watch, None, component, **options)
    gr.on([page.load, running.change], panel.offer_adapters, None, adapter, **options)
    component.look(panel.offer_adapters, None, adapter, **options)
    component.choose(panel.choose, None, component, **options)
    return panel
