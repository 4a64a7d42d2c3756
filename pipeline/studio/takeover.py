"""Replace a studio's engine: load the new one beside the one that draws, and free that one afterwards."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pipeline.models.profile import ModelProfile
from pipeline.studio.opening import explain_failure, has_own_encoder, open_engine, open_search
from pipeline.studio.studio import Studio

if TYPE_CHECKING:
    from pipeline.styles.search import StyleSearch

log = logging.getLogger(__name__)

CHOSEN_ON_PAGE = "it was chosen on this page"
RELEASE_TIMEOUT = 10.0  # seconds in which the last pictures of a replaced engine may still refer to it


@dataclass(frozen=True)
class TakeoverState:
    """TakeoverState says how far a takeover is, as the page shows it."""

    stage: Literal["idle", "loading", "failed", "done"]
    profile: ModelProfile | None = None  # the engine that comes, or came
    activity: str = ""  # what it does now, in words for the page
    fraction: float = 0.0  # [0, 1]
    message: str = ""  # why it failed, in words for the page


class Takeover:
    """Takeover replaces a studio's engine, one at a time whoever asks. Safe to call from any thread.

    Where the new engine does not load, for want of memory or files, the one before goes on drawing unchanged.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.state = TakeoverState("idle")

    def start(self, profile: ModelProfile) -> None:
        """Begin in a background thread, unless a takeover is under way or that engine draws already."""
        with self._lock:
            if self.state.stage == "loading" or self._studio.profile.name == profile.name:
                return
            self.state = TakeoverState("loading", profile, "Checking the model's files")
            self._thread = threading.Thread(target=self._run, args=(profile,), name="croquis-takeover", daemon=True)
            self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the takeover ended, at most `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)

    def renew_search(self) -> None:
        """Search styles by the drawing engine's own encoder, where its weights were downloaded since."""
        search = self._open_search(self._studio.profile)
        if search is not None:
            self._studio.change_search(search)

    def _run(self, profile: ModelProfile) -> None:
        """Replace the engine and free the one before, or keep that one and say why."""
        before = self._studio.engine_or_none()
        find_replaced: Callable[[], object | None] = weakref.ref(before) if before is not None else lambda: None
        del before
        trouble = self._try_to_replace(profile)
        if trouble is None:
            free_replaced_engine(find_replaced)
            self.state = replace(self.state, stage="done", fraction=1.0)
        else:
            release_memory()  # not in the error's handler, whose traceback refers to all that had been loaded
            self.state = replace(self.state, stage="failed", message=trouble)

    def _try_to_replace(self, profile: ModelProfile) -> str | None:
        """Return why the engine could not be replaced, in words for the page; None where it was."""
        try:
            self._replace_engine(profile)
        except BaseException as error:  # shown on the page: the engine before goes on drawing
            log.warning("%s does not take over", profile.title, exc_info=error)
            return explain_failure(error, profile)
        return None

    def _replace_engine(self, profile: ModelProfile) -> None:
        """Load the profile's engine and search, then let them draw. Raises as Engine.load does."""
        engine = open_engine(profile, self._studio.settings, self._report)
        self._report("Opening the styles", 1.0)
        search = self._open_search(profile)
        if search is not None:
            self._studio.change_search(search)
        self._studio.change_engine(engine, CHOSEN_ON_PAGE)

    def _open_search(self, profile: ModelProfile) -> StyleSearch | None:
        """Open a search by the profile's own encoder, or by the pocket one; None where that one is open already."""
        settings = self._studio.settings
        if uses_own_encoder(self._studio) == has_own_encoder(profile, settings):
            return None
        return open_search(profile, settings, self._studio.library)

    def _report(self, activity: str, fraction: float) -> None:
        self.state = replace(self.state, activity=activity, fraction=0.95 * min(max(fraction, 0.0), 1.0))


def uses_own_encoder(studio: Studio) -> bool:
    """Return whether the studio's search uses its engine's own encoder, not the pocket model's."""
    return studio.search.encoder != "pocket"


def free_replaced_engine(find_engine: Callable[[], object | None]) -> None:
    """Free the memory of a replaced engine once nothing refers to it; log a warning after RELEASE_TIMEOUT.

    `find_engine` returns the engine while something refers to it, such as the run whose picture it finished last.
    """
    deadline = time.monotonic() + RELEASE_TIMEOUT
    release_memory()
    while find_engine() is not None and time.monotonic() < deadline:
        time.sleep(0.1)
        release_memory()
    if find_engine() is not None:
        log.warning("Something still refers to the replaced engine; its memory stays in use until that ends.")


def release_memory() -> None:
    """Free what nothing refers to any more, on the processor and on the device."""
    from pipeline.engine import weight_modes

    weight_modes.release_memory()
