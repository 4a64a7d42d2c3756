"""The panel where a person fetches the bigger model: what it is, how far it is, start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property
from html import escape
from types import MappingProxyType
from typing import Any

import gradio as gr

from pipeline.download import Download, DownloadState, giga
from pipeline.page.parts import fold
from pipeline.profiles import SD15, ModelProfile
from pipeline.settings import Settings
from pipeline.studio import Studio
from pipeline.weights import without_weights

POLL = 0.5  # seconds
DRAWN_WITH = "Croquis draws with it: {why}."
OWN = "There is nothing to fetch: its files are taken from the folder that CROQUIS_SD15 names."
SHORT = "Of its files {missing} are not here yet: Draft, or a new style, may need them."
HERE = "Everything is here. Start Croquis again and it draws with Stable Diffusion 1.5."
BEFORE = "Before you fetch it: a picture would take minutes here, since it is made for a CUDA GPU: {trouble}."
HERE_WITHOUT_GPU = (
    "Everything is here, but it would be slow: {trouble}. To use it all the same, start Croquis with "
    "CROQUIS_PROFILE=sd15."
)


class Bigger:
    """The handlers of one studio's panel. There is one download, whoever of the visitors starts it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    @cached_property
    def download(self) -> Download:
        return Download(fetched_profile(self.studio.settings))

    async def watch(self) -> AsyncIterator[tuple[Any, ...]]:
        """What the panel shows, until nothing moves."""
        if has_own_folder(self.studio.settings):
            yield self.shown(DownloadState("done", 0, 0), self.told_of_own())
            return
        download = await asyncio.to_thread(lambda: self.download)
        while True:
            state = download.state
            yield self.shown(state, await asyncio.to_thread(self.told, state))
            if state.stage != "running":
                return
            await asyncio.sleep(POLL)

    async def start(self) -> AsyncIterator[tuple[Any, ...]]:
        if not has_own_folder(self.studio.settings):
            download = await asyncio.to_thread(lambda: self.download)
            await asyncio.to_thread(download.start)
        async for shown in self.watch():
            yield shown

    def stop(self) -> None:
        self.download.stop()

    def told_of_own(self) -> str:
        drawn = self.studio.profile.name == "sd15"
        return f"{DRAWN_WITH.format(why=self.studio.why)} {OWN}" if drawn else OWN

    def told(self, state: DownloadState) -> str:
        """The state in words."""
        if state.stage not in ("idle", "done"):
            return progress_words(state)
        if self.studio.profile.name == "sd15":
            short = SHORT.format(missing=giga(state.size - state.here)) if state.stage == "idle" else ""
            return f"{DRAWN_WITH.format(why=self.studio.why)} {short}".strip()
        from pipeline.choosing import cuda_problem

        trouble = cuda_problem()
        if state.stage == "idle":
            warning = BEFORE.format(trouble=trouble.rstrip(".")) if trouble else ""
            return f"{warning} {progress_words(state)}".strip()
        return HERE if trouble is None else HERE_WITHOUT_GPU.format(trouble=trouble.rstrip("."))

    def shown(self, state: DownloadState, words: str) -> tuple[Any, ...]:
        """Words, bar, and the two buttons."""
        running = state.stage == "running"
        left = f"Go on: {giga(state.size - state.here)} to go" if state.here else "Download it"
        return (
            f'<p role="status">{escape(words)}</p>',
            bar(state) if running or state.stage == "stopped" else "",
            gr.update(value=left, visible=not (running or state.stage == "done")),
            gr.update(visible=running),
        )


def has_own_folder(settings: Settings) -> bool:
    """Whether nothing of it is the Hub's to bring."""
    return settings.sd15 is not None and settings.sd15.is_dir()


def fetched_profile(settings: Settings) -> ModelProfile:
    """SD15 as far as the Hub brings it: a checkpoint of one's own stands for the base's weights."""
    if settings.sd15 is None:
        return SD15
    return replace(SD15, parts=MappingProxyType({**SD15.parts, "base": without_weights(SD15.parts["base"])}))


def about(studio: Studio) -> str:
    """What the bigger model is, before anything is fetched."""
    pocket = "" if studio.profile.name == "sd15" else f" Now the pocket model draws: {escape(studio.why)}."
    return (
        f"<p>{SD15.title} draws {SD15.width} × {SD15.height} pixels with far more detail, on an NVIDIA GPU.{pocket} "
        f"{about_files(studio.settings)}</p>"
    )


def about_files(settings: Settings) -> str:
    """What a download would take; nothing where there is none to offer."""
    if has_own_folder(settings):
        return ""
    parts = fetched_profile(settings).downloaded_parts.values()
    size, licences = giga(sum(part.size for part in parts)), dict.fromkeys(part.licence for part in parts)
    whose = "The files that go with your checkpoint" if settings.sd15 else "Its files"
    return (
        f"{whose} take {size} of this machine's disk (licences: {escape(', '.join(licences))}). You can go on drawing "
        "while they come, and stop and go on whenever you like."
    )


def progress_words(state: DownloadState) -> str:
    """ "1.2 GB of 5.9 GB, 34 MB a second, 2 minutes left", or why nothing moves."""
    so_far = f"{giga(state.here)} of {giga(state.size)}"
    if state.stage == "failed":
        return state.message
    if state.stage == "stopped":
        return f"Stopped at {so_far}. What came stays."
    if state.stage == "idle":
        return f"{so_far} are here." if state.here else ""
    if state.message or state.seconds_left is None:
        return f"{so_far}. {state.message}".strip()
    return f"{so_far}, {giga(state.speed)} a second, {time_words(state.seconds_left)} left"


def bar(state: DownloadState) -> str:
    return f'<progress aria-label="Download" max="{state.size}" value="{state.here}" style="width: 100%"></progress>'


def time_words(seconds: float) -> str:
    """Rounded up to what one plans with."""
    if seconds < 90:
        return f"{max(2, round(seconds))} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 90 else f"{minutes / 60:.0f} hours"


def lay_bigger(studio: Studio, script: str) -> tuple[gr.HTML, gr.HTML, gr.Button, gr.Button]:
    with fold("bigger", "A bigger model", script):
        gr.HTML(about(studio), apply_default_css=False)
        said = gr.HTML(apply_default_css=False, elem_id="bigger-said")
        progress = gr.HTML(apply_default_css=False, elem_id="bigger-bar")
        with gr.Row():
            start = gr.Button("Download it", elem_id="bigger-start", visible=False)
            stop = gr.Button("Stop the download", elem_id="bigger-stop", visible=False)
    return said, progress, start, stop


def wire_bigger(
    studio: Studio, page: gr.Blocks, parts: tuple[gr.HTML, gr.HTML, gr.Button, gr.Button], **options: Any
) -> None:
    bigger, (*_, start, stop) = Bigger(studio), parts
    page.load(bigger.watch, None, list(parts), concurrency_limit=None, **options)
    start.click(bigger.start, None, list(parts), concurrency_limit=None, **options)
    stop.click(bigger.stop, None, None, queue=False, **options)
