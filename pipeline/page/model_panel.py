"""The panel of the bigger model: what it is, its download, and who draws: start, stop, draw with it, and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property, partial
from html import escape
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, TypeVar

import gradio as gr

from pipeline.models.catalog import POCKET, SD15
from pipeline.models.download import Download, DownloadState, giga
from pipeline.models.locate import without_weights
from pipeline.models.profile import ModelProfile
from pipeline.page import view as show
from pipeline.page.components import fold
from pipeline.settings import Settings
from pipeline.studio.studio import Studio
from pipeline.studio.takeover import Takeover, TakeoverState

POLL = 0.5  # seconds
DRAWN_WITH = "Croquis draws with it: {why}."
OWN = "There is nothing to fetch: its files are taken from the folder that CROQUIS_SD15 names."
SHORT = "Of its files {missing} are not here yet: Draft, a new style or the finding of styles may need them."
HERE = "Everything is here."
HERE_IS_ENOUGH = "What it needs to draw is here."
BEFORE = "Before you fetch it: a picture would take minutes here, since it is made for a CUDA GPU: {trouble}."
SLOW = "It is made for a CUDA GPU, and a picture would take minutes here: {trouble}."
LOADING = "{title} is on its way: {doing}. Go on drawing meanwhile, {before} stays until it is there."
FAILED = "{title} did not take over: {message} {before} goes on drawing."
BY_ITSELF = "Styles are found by its own encoder, CLIP ViT-B/32."
BY_POCKET = "Styles are found as the pocket model finds them: CLIP ViT-B/32, its own encoder, is not here."
NOT_YOURS = (
    "Whoever runs this Croquis fetches models and chooses the engine, from the machine that it runs on; with "
    "CROQUIS_HOSTS=anyone every visitor may."
)
TO_BIGGER, TO_POCKET = f"Draw with {SD15.title} now", "Back to the pocket model"

Shown = tuple[Any, ...]  # see Bigger.shown


class Bigger:
    """The handlers of one studio's panel. There is one download and one takeover, whoever of the visitors starts it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.takeover = Takeover(studio)

    @cached_property
    def download(self) -> Download:
        return Download(fetched_profile(self.studio.settings), then=self.takeover.renew_search)

    async def watch(self, visitor: gr.Request) -> AsyncIterator[Shown]:
        """What the panel shows, until nothing moves."""
        host = is_host(visitor, self.studio.settings)
        while True:
            shown, moves = await asyncio.to_thread(self.look, host)
            yield shown
            if not moves:
                return
            await asyncio.sleep(POLL)

    async def start(self, visitor: gr.Request) -> AsyncIterator[Shown]:
        """Begin the download, or go on with it; then as `watch`."""
        if is_host(visitor, self.studio.settings) and not has_own_folder(self.studio.settings):
            download = await asyncio.to_thread(lambda: self.download)
            await asyncio.to_thread(download.start)
        async for shown in self.watch(visitor):
            yield shown

    def stop(self, visitor: gr.Request) -> None:
        if is_host(visitor, self.studio.settings):
            self.download.stop()

    async def change(self, wish: str, visitor: gr.Request) -> AsyncIterator[Shown]:
        """Draw with the engine that the pressed button names as soon as it is loaded; then as `watch`.

        By its name, since another visitor may have changed the engine since this page showed the button.
        """
        if is_host(visitor, self.studio.settings):
            await asyncio.to_thread(self.takeover.start, POCKET if wish == TO_POCKET else SD15)
        async for shown in self.watch(visitor):
            yield shown

    def other(self) -> ModelProfile | None:
        """The engine that could take over: pocket always, the bigger one where its files are."""
        if self.studio.profile.name == SD15.name:
            return POCKET
        return SD15 if is_here(self.studio.settings) else None

    def look(self, host: bool = True) -> tuple[Shown, bool]:
        """What there is to show, and whether that will change by itself."""
        state, taking = self.state(), self.takeover.state
        moves = state.stage == "running" or taking.stage == "loading"
        return self.shown(state, taking, host), moves

    def state(self) -> DownloadState:
        """Of the download; one that is done where a folder of one's own has everything."""
        if has_own_folder(self.studio.settings):
            return DownloadState("done", 0, 0)
        if self.takeover.state.stage == "failed":
            self.download.look()  # a damaged file was removed
        return self.download.state

    def shown(self, state: DownloadState, taking: TakeoverState, host: bool = True) -> Shown:
        """About the model, words, bar, the three buttons, the page's status and the engine that draws."""
        running, loading = state.stage == "running", taking.stage == "loading"
        left = f"Go on: {giga(state.size - state.here)} to go" if state.here else "Download it"
        other = None if loading else self.other()
        fetches = not (running or state.stage == "done")
        told = [*self.told_of_takeover(taking), *([] if loading and not running else self.told(state))]
        if not host and (fetches or running or other is not None):
            told.append(NOT_YOURS)
        return (
            about(self.studio),
            "".join(f'<p role="status">{escape(words)}</p>' for words in told if words),
            bar(taking.fraction, 1, f"Loading {taking.profile.title}")
            if loading and taking.profile
            else bar(state.here, state.size, "Download")
            if running or state.stage == "stopped"
            else "",
            gr.update(value=left, visible=host and fetches),
            gr.update(visible=host and running),
            gr.update(value=TO_POCKET if other is POCKET else TO_BIGGER, visible=host and other is not None),
            show.loading(self.studio.loading, self.studio.profile.title),
            self.studio.profile.name,
        )

    def told_of_takeover(self, taking: TakeoverState) -> list[str]:
        """Nothing where none is under way and none failed."""
        if taking.profile is None or taking.stage not in ("loading", "failed"):
            return []
        before = self.studio.profile.title
        if taking.stage == "failed":
            return [FAILED.format(title=taking.profile.title, message=taking.message, before=before)]
        doing = f"{taking.doing[:1].lower()}{taking.doing[1:]}"
        return [LOADING.format(title=taking.profile.title, before=lower_first(before), doing=doing)]

    def told(self, state: DownloadState) -> list[str]:
        """How things stand, in sentences."""
        if state.stage not in ("idle", "done"):
            return [progress_words(state)]
        if self.studio.profile.name == SD15.name:
            return [*self.told_of_drawing(state), self.told_of_finding()]
        return self.told_before(state)

    def told_of_drawing(self, state: DownloadState) -> list[str]:
        short = SHORT.format(missing=giga(state.size - state.here)) if state.stage == "idle" else ""
        own = OWN if has_own_folder(self.studio.settings) else ""
        return [f"{DRAWN_WITH.format(why=self.studio.why)} {short}{own}".strip()]

    def told_of_finding(self) -> str:
        """By which encoder styles are found; nothing while that is being opened."""
        if not self.studio.loading.ready:
            return ""
        return BY_POCKET if self.studio.search.encoder == "pocket" else BY_ITSELF

    def told_before(self, state: DownloadState) -> list[str]:
        """What speaks for and against it while pocket draws."""
        from pipeline.studio.opening import cuda_problem

        trouble = (cuda_problem() or "").rstrip(".")
        if not is_here(self.studio.settings):
            return [BEFORE.format(trouble=trouble) if trouble else "", progress_words(state)]
        have = OWN if has_own_folder(self.studio.settings) else HERE if state.stage == "done" else HERE_IS_ENOUGH
        return [f"{have} {SLOW.format(trouble=trouble) if trouble else ''}".strip()]


def lower_first(words: str) -> str:
    """A title in the middle of a sentence; names keep their capitals."""
    return f"{words[:1].lower()}{words[1:]}" if words.startswith("The ") else words


def has_own_folder(settings: Settings) -> bool:
    """Whether nothing of it is the Hub's to bring."""
    return settings.sd15 is not None and settings.sd15.is_dir()


def is_here(settings: Settings) -> bool:
    """Whether the bigger model has what its first picture needs; whether that is whole, loading it tells."""
    from pipeline.studio.opening import is_downloaded

    return has_own_folder(settings) or is_downloaded(SD15, has_base=settings.sd15 is not None)


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


def bar(done: float, of: float, label: str) -> str:
    return f'<progress aria-label="{label}" max="{of}" value="{done}"></progress>'


def time_words(seconds: float) -> str:
    """Rounded up to what one plans with."""
    if seconds < 90:
        return f"{max(2, round(seconds))} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 90 else f"{minutes / 60:.0f} hours"


def lay_bigger(studio: Studio, script: str) -> list[Any]:
    """The panel's parts, in the order of Bigger.shown."""
    with fold("bigger", "A bigger model", script):
        told = gr.HTML(about(studio), apply_default_css=False, elem_id="bigger-about")
        said = gr.HTML(apply_default_css=False, elem_id="bigger-said")
        progress = gr.HTML(apply_default_css=False, elem_id="bigger-bar")
        with gr.Row():
            start = gr.Button("Download it", elem_id="bigger-start", visible=False)
            stop = gr.Button("Stop the download", elem_id="bigger-stop", visible=False)
            change = gr.Button(TO_BIGGER, elem_id="bigger-change", visible=False)
    return [told, said, progress, start, stop, change]


def wire_bigger(studio: Studio, page: gr.Blocks, parts: list[Any], around: list[Any], **options: Any) -> None:
    """`around`: the page's status, and the box that names the engine that draws."""
    bigger, (*_, start, stop, change), (_, running) = Bigger(studio), parts, around
    follow = partial(gr.on, outputs=[*parts, *around], concurrency_limit=None, **options)
    follow([page.load, running.change], bigger.watch)
    follow(start.click, bigger.start)
    follow(change.click, bigger.change, change)
    stop.click(bigger.stop, None, None, queue=False, **options)


T = TypeVar("T")

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host")  # a proxy speaks for somebody else


def is_host(visitor: gr.Request, settings: Settings) -> bool:
    """Whether this visitor may fetch models and change the engine, which are everybody's.

    By itself only who sits at the machine, or came through a tunnel of their own: on a Space that is nobody.
    """
    if settings.hosts != "local":
        return settings.hosts == "anyone"
    return not any(name in visitor.headers for name in FORWARDED) and is_loopback(getattr(visitor.client, "host", ""))


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
