"""Studio: everything that is loaded, and the whole way from an order to a picture."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PIL import Image

from pipeline.errors import EngineChanged
from pipeline.picture.outputs import Outputs
from pipeline.picture.recipe import Reopened, unlike
from pipeline.prompt_syntax import Prompt
from pipeline.request.order import Order, build_request, resolve_seed
from pipeline.settings import Settings
from pipeline.studio import outcome as notices
from pipeline.studio.opening import LoadState, open_engine, open_search, why_not
from pipeline.studio.outcome import judged
from pipeline.styles.library import StyleLibrary
from pipeline.timing import StageTimer
from pipeline.values import (
    EdgeMap,
    GenerationRequest,
    GenerationResult,
    ReadingChoice,
    Sketch,
    StepPreview,
    Style,
    StyleMatch,
    StyleMix,
)

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.models.profile import ModelProfile
    from pipeline.styles.search import Finding, StyleSearch

log = logging.getLogger(__name__)
T = TypeVar("T")

MATCHES_SHOWN = 5


@dataclass(frozen=True)
class StyleChoice:
    """What a picture will wear and why."""

    mix: StyleMix
    matches: tuple[StyleMatch, ...] = ()  # best first; empty when the person chose
    notices: tuple[str, ...] = ()


class Studio:
    """Library, search and engine of one process. Loads in the background; every method waits for what it needs.

    Safe to call from many threads: the engine draws one picture at a time. Raises StyleError when the styles that come
    with Croquis are missing or broken.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.library = StyleLibrary(settings.styles, settings.added_styles)
        self.loading = LoadState("Waking up", 0.0)
        self._outputs = Outputs(settings.outputs)
        self._start_lock = threading.Lock()
        self._started = False
        self._loaded_search: Future[StyleSearch] = Future()
        self._loaded_engine: Future[Engine] = Future()

    # ---- what is loaded

    def start_loading(self) -> None:
        """Begin to load in a background thread; a second call does nothing."""
        with self._start_lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._load, name="croquis-loading", daemon=True).start()

    @cached_property
    def _choice(self) -> tuple[ModelProfile, str]:
        from pipeline.studio.opening import choose_profile

        chosen, why = choose_profile(self.settings.profile, self.settings.device, self.settings.sd15)
        log.info("Profile %s: %s", chosen.name, why)
        return chosen, why

    @property
    def profile(self) -> ModelProfile:
        """The profile that draws; chosen once, without loading any model."""
        return self._choice[0]

    @property
    def why(self) -> str:
        """Why that profile, in words for the page."""
        return self._choice[1]

    @property
    def search(self) -> StyleSearch:
        """Waits until it is loaded; raises what stopped it."""
        self.start_loading()
        return self._loaded_search.result()

    @property
    def engine(self) -> Engine:
        """Waits until it is loaded; raises what stopped it."""
        self.start_loading()
        return self._loaded_engine.result()

    def engine_or_none(self) -> Engine | None:
        """Waits until it is loaded; None where that failed."""
        self.start_loading()
        return None if self._loaded_engine.exception() else self._loaded_engine.result()

    # ---- another engine

    def change_engine(self, engine: Engine, why: str) -> None:
        """`engine` draws from the next request on. The picture under way is finished by the one before, which is then
        let go; so is an engine that failed to load."""

        def take_over() -> None:
            self._choice = engine.profile, why
            self._loaded_engine = _done(engine)
            self.loading = LoadState("Ready", 1.0, ready=True)

        before = self.engine_or_none()
        if before is None:
            take_over()
        else:
            before.retire(take_over)

    def change_search(self, search: StyleSearch) -> None:
        """`search` finds the styles from the next request on."""
        self.start_loading()
        self._loaded_search.exception()  # the first one has come, or failed
        self._loaded_search = _done(search)

    # ---- what it does

    def draw(
        self,
        order: Order,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> GenerationResult:
        """The whole way from an order to a picture.

        `on_step` is called in this thread after each step; `is_cancelled` is asked before each and ends in Cancelled.
        """
        return self.draw_batch(order, 1, on_step=on_step, is_cancelled=is_cancelled)[0]

    def draw_batch(
        self,
        order: Order,
        count: int,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> list[GenerationResult]:
        """`count` pictures, drawn together, from the order's seed and those that follow it."""
        profile = self.profile
        _expect_engine(order.engine, profile)
        timer = StageTimer()
        with timer("search"):
            choice = self.choose_style(order)
        with timer("edges"):
            edges = self.read_edges(
                order.sketch, order.reading, order.canny_low, order.canny_high, (order.width, order.height)
            )
        request = build_request(order, edges, choice.mix, profile, resolve_seed(order.seed))
        results = self.redraw_batch(request, count, on_step=on_step, is_cancelled=is_cancelled)
        return [
            replace(
                result,
                matches=choice.matches,
                notices=order.sketch.notices + choice.notices + result.notices,
                milliseconds=timer.milliseconds | dict(result.milliseconds),
            )
            for result in results
        ]

    def redraw(
        self,
        request: GenerationRequest,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> GenerationResult:
        """The picture of a complete request, such as one read back from a picture file."""
        return self.redraw_batch(request, 1, on_step=on_step, is_cancelled=is_cancelled)[0]

    def redraw_batch(
        self,
        request: GenerationRequest,
        count: int,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> list[GenerationResult]:
        """The pictures of `request.batch(count)`."""
        engine = self.engine
        _expect_engine(request.engine, engine.profile)
        images, milliseconds = engine.draw_batch(request, count, on_step=on_step, is_cancelled=is_cancelled)
        told = tuple(filter(None, (engine.memory_notice(), *notices.of_words(request, engine))))
        results = [
            GenerationResult(image, each, (), told, milliseconds, engine.revisions)
            for image, each in zip(images, request.batch(count), strict=True)
        ]
        return [judged(result, engine) for result in results]

    def read_edges(
        self,
        sketch: Sketch,
        reading: ReadingChoice,
        canny_low: int,
        canny_high: int,
        size: tuple[int, int] | None = None,
    ) -> EdgeMap:
        """The edge map at the size (width, height in px) that the picture will have, the profile's if None."""
        from pipeline.sketch.edges import read_edges

        return read_edges(sketch, reading, canny_low, canny_high, size=size or self.profile.size)

    def find_styles(self, prompt: Prompt, k: int = MATCHES_SHOWN) -> Finding:
        """Find the `k` styles nearest to what the words say; their weights do not count."""
        return self.search.find(prompt, k)

    def choose_style(self, order: Order) -> StyleChoice:
        """The styles that were chosen by id, or the search's mix."""
        if order.style:
            return StyleChoice(StyleMix(tuple((self.library.get(id), weight) for id, weight in order.style)))
        finding = self.find_styles(order.prompt)
        return StyleChoice(self.search.mix(finding), finding.matches, notices.of_style(finding))

    def add_style(self, image: Image.Image, name: str, words: str = "") -> Style:
        """A new style, searchable at once. Raises StyleError."""
        return self.library.add(image, name, words)

    def remove_style(self, id: str) -> None:
        """Delete a style that a person added. Raises StyleError for a built-in or unknown one."""
        self.library.remove(id)

    def write(self, result: GenerationResult) -> Path:
        """The PNG file with its recipe, named by its content."""
        return self._outputs.write(result)

    def read_picture(self, data: bytes) -> Reopened:
        """What a picture file of ours carries. Raises PictureFileError or StyleError."""
        from pipeline.picture.png_file import read_picture

        return read_picture(data, self.library.get)

    def unlike(self, reopened: Reopened) -> str | None:
        """Why drawing it again gives another picture. Before an engine is loaded its weights are taken for the same."""
        if not self.loading.ready:
            return unlike(reopened, self.profile.name, reopened.revisions)
        engine = self.engine
        return unlike(reopened, engine.profile.name, engine.present_revisions)

    # ---- loading

    def _load(self) -> None:
        self._report("Opening the styles", 0.05)
        self._fulfil(self._loaded_search, lambda: open_search(self.profile, self.settings, self.library))
        self._report("Loading the model", 0.4)
        self._fulfil(
            self._loaded_engine,
            lambda: open_engine(
                self.profile, self.settings, lambda stage, fraction: self._report(stage, 0.4 + 0.6 * fraction)
            ),
        )
        if self.loading.error is None:
            self.loading = LoadState("Ready", 1.0, ready=True)

    def _fulfil(self, promise: Future[T], make: Callable[[], T]) -> None:
        """Everything that waits for `promise` gets what was made, or the error that stopped it."""
        try:
            promise.set_result(make())
        except Exception as error:  # handed on to every caller; swallowing it would leave them waiting for ever
            log.exception("Loading failed")
            self.loading = replace(self.loading, error=self.loading.error or why_not(error, self.profile))
            promise.set_exception(error)

    def _report(self, stage: str, fraction: float) -> None:
        self.loading = replace(self.loading, stage=stage, fraction=min(max(fraction, 0.0), 1.0))


def _done(value: T) -> Future[T]:
    promise: Future[T] = Future()
    promise.set_result(value)
    return promise


def _expect_engine(name: str, profile: ModelProfile) -> None:
    if name != profile.name:
        raise EngineChanged(f"This is for the engine {name!r}; {profile.name!r} is running.")
