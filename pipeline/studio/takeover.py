"""Puts another engine in a studio's place: loaded beside the one that draws, which goes once the new one stands."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pipeline.models.profile import ModelProfile
from pipeline.studio.opening import explain_failure, has_encoder, open_engine, open_search
from pipeline.studio.studio import Studio

if TYPE_CHECKING:
    from pipeline.styles.search import StyleSearch

log = logging.getLogger(__name__)

CHOSEN = "it was chosen on this page"
PATIENCE = 10.0  # seconds that pictures which the old engine finished may hold on to it, while it is watched


@dataclass(frozen=True)
class TakeoverState:
    """How far it is, as the page shows it."""

    stage: Literal["idle", "loading", "failed", "done"]
    profile: ModelProfile | None = None  # the engine that comes, or came
    doing: str = ""  # in words for the page
    fraction: float = 0.0  # [0, 1]
    message: str = ""  # why it failed, in words for the page


class Takeover:
    """One at a time, whoever asks. Safe from any thread.

    Where the new engine does not load, because of memory or files, the one before goes on as if nothing had been.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.state = TakeoverState("idle")

    def start(self, profile: ModelProfile) -> None:
        """Begin in a thread of its own; does nothing while one is under way, or where that engine draws already."""
        with self._lock:
            if self.state.stage == "loading" or self._studio.profile.name == profile.name:
                return
            self.state = TakeoverState("loading", profile, "Checking the model's files")
            self._thread = threading.Thread(target=self._run, args=(profile,), name="croquis-takeover", daemon=True)
            self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def renew_search(self) -> None:
        """Find styles by the drawing engine's own encoder, where its weights have come since."""
        search = self._search_of(self._studio.profile)
        if search is not None:
            self._studio.change_search(search)

    def _run(self, profile: ModelProfile) -> None:
        before = self._studio.engine_or_none()
        old = weakref.ref(before) if before is not None else _nobody
        del before
        trouble = self._try(profile)
        if trouble is None:
            let_go(old)
            self.state = replace(self.state, stage="done", fraction=1.0)
        else:
            free()  # here, since in its handler the error's traceback would hold all that had been loaded
            self.state = replace(self.state, stage="failed", message=trouble)

    def _try(self, profile: ModelProfile) -> str | None:
        """What went wrong, in words for the page."""
        try:
            self._put_in_place(profile)
        except Exception as error:  # told on the page: the engine before goes on drawing
            log.warning("%s does not take over", profile.title, exc_info=error)
            return explain_failure(error, profile)
        return None

    def _put_in_place(self, profile: ModelProfile) -> None:
        engine = open_engine(profile, self._studio.settings, self._report)
        self._report("Opening the styles", 1.0)
        search = self._search_of(profile)
        if search is not None:
            self._studio.change_search(search)
        self._studio.change_engine(engine, CHOSEN)

    def _search_of(self, profile: ModelProfile) -> StyleSearch | None:
        """A search by the profile's own encoder, or back by the pocket model's; None where that is there already."""
        settings = self._studio.settings
        if finds_by_itself(self._studio) == has_encoder(profile, settings):
            return None
        return open_search(profile, settings, self._studio.library)

    def _report(self, doing: str, fraction: float) -> None:
        self.state = replace(self.state, doing=doing, fraction=0.95 * min(max(fraction, 0.0), 1.0))


def finds_by_itself(studio: Studio) -> bool:
    """Whether styles are found by another encoder than the pocket model's."""
    return studio.search.encoder != "pocket"


def let_go(old: Callable[[], object | None]) -> None:
    """Free the old engine's memory once nobody holds it; whose picture it just finished does, for a moment."""
    deadline = time.monotonic() + PATIENCE
    free()
    while old() is not None and time.monotonic() < deadline:
        time.sleep(0.1)
        free()
    if old() is not None:
        log.warning("The engine before is still held by something; its memory stays taken until that lets go.")


def _nobody() -> None:
    """In place of a reference, where no engine was there."""


def free() -> None:
    """All that nothing refers to any more."""
    from pipeline.engine.placement import release_memory as free_memory

    free_memory()
