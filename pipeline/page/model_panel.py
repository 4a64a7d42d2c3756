"""Show the bigger model on the page: what it is, its download, and which engine draws."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property, partial
from html import escape
from types import MappingProxyType
from typing import Any

import gradio as gr

from pipeline.models.catalog import POCKET, SD15
from pipeline.models.download import Download, DownloadState, format_bytes
from pipeline.models.locate import drop_weights
from pipeline.models.profile import ModelProfile
from pipeline.page import view
from pipeline.page.download_words import describe_progress, make_progress_bar, name_start
from pipeline.page.host import is_host
from pipeline.settings import Settings
from pipeline.studio.studio import Studio
from pipeline.studio.takeover import Takeover, TakeoverState

POLL_SECONDS = 0.5  # seconds
MADE_FOR_A_GPU = "{title} draws {width} × {height} pixels with far more detail, most quickly on an NVIDIA GPU."
DRAWS_ON = {  # the device that it draws on, by torch's name
    "cuda": "{title} draws {width} × {height} pixels with far more detail, here on an NVIDIA GPU.",
    "mps": "{title} draws {width} × {height} pixels with far more detail, here on an Apple GPU.",
    "cpu": "{title} draws {width} × {height} pixels with far more detail, here on the processor.",
}
UNSTATED = "none stated for "  # so begins the licence of a part that states none
DRAWN_WITH = "Croquis draws with it: {why}."
OWN_FOLDER = "There is nothing to fetch: its files are taken from the folder that CROQUIS_SD15 names."
FILES_MISSING = "Of its files {missing} are not here yet: Draft, a new style or the finding of styles may need them."
FILES_COMPLETE = "Everything is here."
FILES_SUFFICIENT = "What it needs to draw is here."
SLOW_BEFORE_DOWNLOAD = (
    "Before you fetch it: a picture would take minutes here, since it is made for a CUDA GPU: {trouble}."
)
SLOW_HERE = "It is made for a CUDA GPU, and a picture would take minutes here: {trouble}."
ENGINE_LOADING = "{title} is on its way: {activity}. Go on drawing meanwhile, {before} stays until it is there."
ENGINE_FAILED = "{title} did not take over: {message} {before} goes on drawing."
SEARCH_BY_CLIP = "Styles are found by its own encoder, CLIP ViT-B/32."
SEARCH_BY_POCKET = "Styles are found as the pocket model finds them: CLIP ViT-B/32, its own encoder, is not here."
HOST_ONLY = (
    "Whoever runs this Croquis fetches models and chooses the engine: the terminal shows the link for it at the start; "
    "with CROQUIS_HOSTS=anyone every visitor may."
)
TO_BIGGER, TO_POCKET = f"Draw with {SD15.title} now", "Back to the pocket model"

PanelValues = tuple[Any, ...]  # see Bigger.shown


class ModelPanel:
    """ModelPanel holds the handlers of one studio's panel. There is one download and one takeover, whichever visitor
    starts it.
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.takeover = Takeover(studio)

    @cached_property
    def download(self) -> Download:
        return Download(make_fetched_profile(self.studio.settings), then=self.takeover.renew_search)

    async def watch(self, visitor: gr.Request) -> AsyncIterator[PanelValues]:
        """Yield the panel's values until nothing changes by itself any more."""
        host = is_host(visitor, self.studio.settings)
        while True:
            shown, moves = await asyncio.to_thread(self.read_panel, host)
            yield shown
            if not moves:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def start_download(self, visitor: gr.Request) -> AsyncIterator[PanelValues]:
        """Start the download, or continue it; then watch as `watch` does."""
        if is_host(visitor, self.studio.settings) and not has_own_folder(self.studio.settings):
            download = await asyncio.to_thread(lambda: self.download)
            await asyncio.to_thread(download.start)
        async for shown in self.watch(visitor):
            yield shown

    def stop_download(self, visitor: gr.Request) -> None:
        """Stop the download, if this visitor may."""
        if is_host(visitor, self.studio.settings):
            self.download.stop()

    async def change_engine(self, wish: str, visitor: gr.Request) -> AsyncIterator[PanelValues]:
        """Draw with the engine that the pressed button names as soon as it is loaded; then watch as `watch` does.

        It is named, since another visitor may have changed the engine since this page showed the button.
        """
        if is_host(visitor, self.studio.settings):
            await asyncio.to_thread(self.takeover.start, POCKET if wish == TO_POCKET else SD15)
        async for shown in self.watch(visitor):
            yield shown

    def find_other_engine(self) -> ModelProfile | None:
        """Find the engine that could take over: pocket always, the bigger one where its files are."""
        if self.studio.profile.name == SD15.name:
            return POCKET
        return SD15 if is_here(self.studio.settings) else None

    def read_panel(self, host: bool = True) -> tuple[PanelValues, bool]:
        """Return the panel's values, and whether they will change by themselves."""
        state, takeover, start = self.read_download(), self.takeover.state, self.studio.loading
        is_starting = not start.ready and start.error is None
        moves = state.stage == "running" or takeover.stage == "loading" or is_starting
        return self.make_values(state, takeover, host), moves

    def read_download(self) -> DownloadState:
        """Return the download's state; "done" where a folder of one's own has everything."""
        if has_own_folder(self.studio.settings):
            return DownloadState("done", 0, 0)
        if self.takeover.state.stage == "failed":
            self.download.refresh()  # a damaged file was removed
        return self.download.state

    def make_values(self, state: DownloadState, takeover: TakeoverState, host: bool = True) -> PanelValues:
        """Make the panel's values and its page's.

        They are the description, the message, the bar, the three buttons, the page's status and the running engine.
        """
        running, loading = state.stage == "running", takeover.stage == "loading"
        other = None if loading else self.find_other_engine()
        fetches = not (running or state.stage == "done")
        sentences = [
            *self.describe_takeover(takeover),
            *([] if loading and not running else self.describe_state(state)),
        ]
        if not host and (fetches or running or other is not None):
            sentences.append(HOST_ONLY)
        return (
            describe_bigger_model(self.studio),
            "".join(f'<p role="status">{escape(words)}</p>' for words in sentences if words),
            make_progress_bar(takeover.fraction, 1, f"Loading {takeover.profile.title}")
            if loading and takeover.profile
            else make_progress_bar(state.present, state.size, "Download")
            if running or state.stage == "stopped"
            else "",
            gr.update(value=name_start(state), visible=host and fetches),
            gr.update(visible=host and running),
            gr.update(value=TO_POCKET if other is POCKET else TO_BIGGER, visible=host and other is not None),
            view.build_loading_status(self.studio.loading, self.studio.profile.title),
            self.studio.profile.name,
        )

    def describe_takeover(self, takeover: TakeoverState) -> list[str]:
        """Describe a takeover in sentences; nothing where none is under way and none failed."""
        if takeover.profile is None or takeover.stage not in ("loading", "failed"):
            return []
        before = self.studio.profile.title
        if takeover.stage == "failed":
            return [ENGINE_FAILED.format(title=takeover.profile.title, message=takeover.message, before=before)]
        activity = f"{takeover.activity[:1].lower()}{takeover.activity[1:]}"
        return [ENGINE_LOADING.format(title=takeover.profile.title, before=lower_article(before), activity=activity)]

    def describe_state(self, state: DownloadState) -> list[str]:
        """Describe in sentences how things stand."""
        if state.stage not in ("idle", "done"):
            return [describe_progress(state)]
        if self.studio.profile.name == SD15.name:
            return [*self.describe_engine(state), self.describe_search()]
        return self.describe_offer(state)

    def describe_engine(self, state: DownloadState) -> list[str]:
        """Say why this engine draws, and which of its files are missing."""
        short = FILES_MISSING.format(missing=format_bytes(state.size - state.present)) if state.stage == "idle" else ""
        own = OWN_FOLDER if has_own_folder(self.studio.settings) else ""
        return [f"{DRAWN_WITH.format(why=self.studio.why)} {short}{own}".strip()]

    def describe_search(self) -> str:
        """Say by which encoder styles are found; nothing while that is being opened."""
        if not self.studio.loading.ready:
            return ""
        return SEARCH_BY_POCKET if self.studio.search.encoder == "pocket" else SEARCH_BY_CLIP

    def describe_offer(self, state: DownloadState) -> list[str]:
        """Say what speaks for and against the bigger model while pocket draws."""
        from pipeline.studio.opening import find_cuda_problem

        trouble = (find_cuda_problem() or "").rstrip(".")
        if not is_here(self.studio.settings):
            return [SLOW_BEFORE_DOWNLOAD.format(trouble=trouble) if trouble else "", describe_progress(state)]
        have = (
            OWN_FOLDER
            if has_own_folder(self.studio.settings)
            else FILES_COMPLETE
            if state.stage == "done"
            else FILES_SUFFICIENT
        )
        return [f"{have} {SLOW_HERE.format(trouble=trouble) if trouble else ''}".strip()]


def lower_article(words: str) -> str:
    """Lower a title's "The" for the middle of a sentence; names keep their capitals."""
    return f"{words[:1].lower()}{words[1:]}" if words.startswith("The ") else words


def has_own_folder(settings: Settings) -> bool:
    """Return whether the model lies in a folder of one's own, so that nothing comes from the Hub."""
    return settings.sd15 is not None and settings.sd15.is_dir()


def is_here(settings: Settings) -> bool:
    """Return whether the bigger model has what its first picture needs; loading it tells whether that is whole."""
    from pipeline.studio.opening import is_downloaded

    return has_own_folder(settings) or is_downloaded(SD15, has_base=settings.sd15 is not None)


def make_fetched_profile(settings: Settings) -> ModelProfile:
    """Return SD15 as far as the Hub brings it: a checkpoint of one's own stands for the base's weights."""
    if settings.sd15 is None:
        return SD15
    return replace(SD15, parts=MappingProxyType({**SD15.parts, "base": drop_weights(SD15.parts["base"])}))


def describe_bigger_model(studio: Studio) -> str:
    """Describe the bigger model in HTML, before anything is fetched."""
    engine = studio.find_engine()
    draws = engine is not None and engine.profile.name == SD15.name
    what = DRAWS_ON[engine.device.type] if engine is not None and draws else MADE_FOR_A_GPU
    told = [what.format(title=SD15.title, width=SD15.width, height=SD15.height)]
    if studio.profile.name != "sd15":
        told.append(f"Now the pocket model draws: {escape(studio.why)}.")
    sentences = [*told, *describe_files(studio.settings)]
    return f"<p>{' '.join(f'<span>{each}</span>' for each in sentences)}</p>"  # each is translated by itself


def describe_files(settings: Settings) -> list[str]:
    """List sentences about what a download would take, in HTML; none where there is none to offer."""
    if has_own_folder(settings):
        return []
    parts = make_fetched_profile(settings).downloaded_parts.values()
    size, licences = format_bytes(sum(part.size for part in parts)), dict.fromkeys(part.licence for part in parts)
    named = ", ".join(licence for licence in licences if not licence.startswith(UNSTATED))
    unnamed = [licence.removeprefix(UNSTATED) for licence in licences if licence.startswith(UNSTATED)]
    files = (
        f"The files that go with your checkpoint take {size} of this machine's disk (licences: {escape(named)})."
        if settings.sd15
        else f"Its files take {size} of this machine's disk (licences: {escape(named)})."
    )
    return [
        files,
        *(f"{escape(name)} states no licence." for name in unnamed),
        "You can go on drawing while they come, and stop and go on whenever you like.",
    ]


def lay_model_panel(studio: Studio) -> list[Any]:
    """Lay out the panel; returns its components in the order of ModelPanel.make_values."""
    description = gr.HTML(describe_bigger_model(studio), apply_default_css=False, elem_id="bigger-about")
    message = gr.HTML(apply_default_css=False, elem_id="bigger-said")
    progress = gr.HTML(apply_default_css=False, elem_id="bigger-bar")
    with gr.Row():
        start = gr.Button("Download it", elem_id="bigger-start", visible=False)
        stop = gr.Button("Stop the download", elem_id="bigger-stop", visible=False)
        change = gr.Button(TO_BIGGER, elem_id="bigger-change", visible=False)
    return [description, message, progress, start, stop, change]


def wire_model_panel(
    studio: Studio, page: gr.Blocks, components: list[Any], page_status: list[Any], **options: Any
) -> None:
    """Connect the panel's events. `page_status`: the page's status, and the box that names the engine that draws."""
    bigger, (*_, start, stop, change), (_, running) = ModelPanel(studio), components, page_status
    follow = partial(gr.on, outputs=[*components, *page_status], concurrency_limit=None, **options)
    follow([page.load, running.change], bigger.watch)
    follow(start.click, bigger.start_download)
    follow(change.click, bigger.change_engine, change)
    stop.click(bigger.stop_download, None, None, queue=False, **options)
