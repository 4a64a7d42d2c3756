"""Load the search and the engine of a studio in the background, and replace them later."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pipeline.engine.turns import Turns
from pipeline.errors import CroquisError
from pipeline.metrics.measurements import Measurements
from pipeline.models.own_files import OwnFiles
from pipeline.settings import Settings
from pipeline.store.keeper import Keeper
from pipeline.studio.audit import Audit
from pipeline.studio.jobs import AcceptedJobs
from pipeline.studio.opening import LoadState, Openers, explain_failure
from pipeline.studio.result_cache import ResultCache
from pipeline.styles.library import open_library

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile
    from pipeline.studio.opening import AnyEngine
    from pipeline.styles.search import StyleSearch
    from pipeline.values import Style

log = logging.getLogger(__name__)
T = TypeVar("T")
PREPARED_AT_ONCE = max(1, (os.cpu_count() or 1) // 2)  # calls: the other half draws and answers


class Loader:
    """Loader holds the library, what is kept and counted, and the search and engine once they are loaded.

    Safe to call from many threads. Raises StyleError when the styles that come with Croquis are missing or broken.
    """

    def __init__(self, settings: Settings, openers: Openers | None = None) -> None:
        """`openers` give it another engine and search than those of this process."""
        self.settings, self._openers = settings, openers or Openers()
        self.library = open_library(settings)
        self.own_files = OwnFiles(settings.own_models, settings.caches)
        self.loading = LoadState("Waking up", 0.0)
        self.measurements = Measurements(settings)
        self.keeper = Keeper(settings, self.library.name_style)
        self.audit = Audit(settings, self.keeper, self.measurements)
        self.results = ResultCache(settings.results)
        self.jobs = AcceptedJobs(self.keeper)
        self.preparing = Turns("Croquis", count_places=lambda: PREPARED_AT_ONCE)  # what comes before the engine's turn
        self.line = self._openers.open_line(
            settings, self.find_engine, note_error=self.measurements.note_error, follow=self.jobs.follow
        )
        self.line.hold = self.jobs.hold
        self._watch_line()
        self._start_lock = threading.Lock()
        self._started = False
        self._loaded_search: Future[StyleSearch] = Future()
        self._loaded_engine: Future[AnyEngine] = Future()

    def _watch_line(self) -> None:
        """Have the line and the loading measured."""
        watch = self.measurements.watch
        watch("croquis_calls_open", "Calls that wait or are drawn", self.line.count_open)
        watch("croquis_oldest_call_seconds", "Age of the oldest of those calls", self.line.find_oldest_age)
        watch("croquis_pictures_waiting", "Pictures that wait for their turn", self._count_waiting)
        watch("croquis_ready", "1 once an engine is loaded", lambda: float(self.loading.ready))

    def _count_waiting(self) -> int:
        engine = self.find_engine()
        return 0 if engine is None else engine.count_waiting()

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
        """Return the profile that draws; it is chosen once, without loading any model."""
        return self._choice[0]

    @property
    def why(self) -> str:
        """Return why that profile was chosen, in words for the page."""
        return self._choice[1]

    @property
    def search(self) -> StyleSearch:
        """Wait until the search is loaded and return it; raise what stopped it."""
        self.start_loading()
        return self._loaded_search.result()

    @property
    def engine(self) -> AnyEngine:
        """Wait until the engine is loaded and return it; raise what stopped it."""
        self.start_loading()
        return self._loaded_engine.result()

    def find_engine(self) -> AnyEngine | None:
        """Return the engine that draws; None as long as none is loaded."""
        return self._loaded_engine.result() if self.loading.ready else None

    def engine_or_none(self) -> AnyEngine | None:
        """Wait until the engine is loaded and return it; None where that failed."""
        self.start_loading()
        return None if self._loaded_engine.exception() else self._loaded_engine.result()

    def change_engine(self, engine: AnyEngine, why: str) -> None:
        """Make `engine` draw from the next request on. The one before finishes the picture under way; then nothing here
        refers to it any more, nor to an engine that failed to load.
        """

        def replace_engine() -> None:
            self._choice = engine.profile, why
            self._loaded_engine = _make_finished_future(engine)
            self.loading = LoadState("Ready", 1.0, ready=True)
            self._embed_styles_later(engine)

        before = self.engine_or_none()
        if before is None:
            replace_engine()
        else:
            before.retire(replace_engine)

    def change_search(self, search: StyleSearch) -> None:
        """Make `search` find the styles from the next request on."""
        self.start_loading()
        self._loaded_search.exception()  # wait: the first one is loaded, or failed
        self._loaded_search = _make_finished_future(search)

    def _load(self) -> None:
        """Load the search, then the engine."""
        self._report("Opening the styles", 0.05)
        self._set_result(
            self._loaded_search, lambda: self._openers.open_search(self.profile, self.settings, self.library)
        )
        self._report("Loading the model", 0.4)
        self._set_result(
            self._loaded_engine,
            lambda: self._openers.open_engine(
                self.profile, self.settings, lambda stage, fraction: self._report(stage, 0.4 + 0.6 * fraction)
            ),
        )
        if self.loading.error is None:
            self.loading = LoadState("Ready", 1.0, ready=True)
            self._embed_styles_later(self._loaded_engine.result())

    def _embed_styles_later(self, engine: AnyEngine) -> None:
        """Embed the library's styles in the background, so that nobody's picture waits for the encoder."""
        styles = self.library.all()
        threading.Thread(target=embed_styles, args=(engine, styles), name="croquis-styles", daemon=True).start()

    def _set_result(self, promise: Future[T], make: Callable[[], T]) -> None:
        """Give everything that waits for `promise` what `make` returns, or the error that it raises.

        A panic in a library written in Rust (tokenizers, safetensors) is no Exception.
        """
        try:
            made = make()
        except BaseException as error:  # handed on to every caller; swallowing it would leave them waiting for ever
            log.exception("Loading failed")
            self.loading = replace(self.loading, error=self.loading.error or explain_failure(error, self.profile))
            promise.set_exception(error)
        else:
            promise.set_result(made)

    def close(self) -> None:
        """Write what the history still has to, and send the last spans; the program ends."""
        self.keeper.close()
        self.measurements.close()

    def _report(self, stage: str, fraction: float) -> None:
        self.loading = replace(self.loading, stage=stage, fraction=min(max(fraction, 0.0), 1.0))


def embed_styles(engine: AnyEngine, styles: Sequence[Style]) -> None:
    """Embed styles ahead of the pictures drawn in them; where that fails each is embedded with its first picture."""
    try:
        count = engine.embed_styles(styles)
    except CroquisError as error:
        log.info("The styles are not embedded ahead of their pictures: %s", error)
        return
    log.info("%d styles were embedded.", count)


def _make_finished_future(value: T) -> Future[T]:
    """Return a future that holds `value` already."""
    promise: Future[T] = Future()
    promise.set_result(value)
    return promise
