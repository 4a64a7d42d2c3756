"""Brings a profile's files here while the other engine goes on drawing: how far, how fast, stop, go on."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pipeline.errors import Cancelled, CroquisError, ModelError
from pipeline.models.hub_cache import cached_revision, repo_folder, snapshot_folder
from pipeline.models.profile import ModelPart, ModelProfile

log = logging.getLogger(__name__)

ROOM_LEFT = 500_000_000  # bytes that stay free on the disk
SPEED_OVER = 5.0  # seconds over which the speed is taken
WRONG_SIDE = "It could not be fetched; the log says why."


@dataclass(frozen=True)
class DownloadState:
    """How far a download is, as the page shows it."""

    stage: Literal["idle", "running", "stopped", "failed", "done"]
    size: int  # bytes of all files
    here: int  # bytes of them on disk, whole or not
    speed: float = 0.0  # bytes per second, lately
    message: str = ""  # why it waits or failed, in words for the page

    @property
    def seconds_left(self) -> float | None:
        """None while nothing moves."""
        return (self.size - self.here) / self.speed if self.speed > 0 else None


class Download:
    """The parts of one profile. Safe to start, stop and ask from any thread; it runs at most once at a time.

    Is the Watch that hub.py tells what came.
    """

    def __init__(self, profile: ModelProfile, *, then: Callable[[], None] | None = None) -> None:
        """`then` is called in the download's thread once everything is here."""
        self.profile, self._then = profile, then
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._recent: deque[tuple[float, int]] = deque()  # when, bytes since then
        self._thread: threading.Thread | None = None
        self.state = self._look()

    def start(self) -> None:
        """Begin, or go on, in a thread of its own; does nothing while it runs."""
        with self._lock:
            if self.state.stage == "running":
                return
            self._stopped.clear()
            self._recent.clear()
            self.state = replace(self._look(), stage="running", message="Asking the Hub")
            self._thread = threading.Thread(target=self._run, name="croquis-download", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask it to stop; what came stays. It has ended when its stage is no longer "running"."""
        self._stopped.set()

    def look(self) -> None:
        """See anew whether everything is here, where it was: a damaged file is removed when it is found."""
        with self._lock:
            if self.state.stage == "done":
                self.state = self._look()

    def join(self, timeout: float | None = None) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    # ---- what hub.py tells

    def came(self, count: int) -> None:
        now = time.monotonic()
        self._recent.append((now, count))
        while now - self._recent[0][0] > SPEED_OVER:
            self._recent.popleft()
        span = now - self._recent[0][0]
        speed = sum(came for _, came in list(self._recent)[1:]) / span if span > 0.2 else 0.0
        here = min(self.state.here + count, self.state.size)
        self.state = replace(self.state, here=here, speed=max(speed, 0.0), message="")
        if self._stopped.is_set():
            raise Cancelled

    def pause(self, seconds: float, why: str) -> None:
        log.warning("%s Trying again in %.0f s.", why, seconds)
        self.state = replace(self.state, speed=0.0, message=f"{why} Trying again in {seconds:.0f} s.")
        if self._stopped.wait(seconds):
            raise Cancelled

    # ---- the run

    def _run(self) -> None:
        try:
            self._fetch()
        except Cancelled:
            self.state = replace(self._look(), stage="stopped")
        except CroquisError as error:
            log.warning("The download of %s ended: %s", self.profile.title, error)
            self.state = replace(self._look(), stage="failed", message=str(error))
        except Exception:  # a thread has no caller: without this the page would wait for ever
            log.exception("The download of %s failed", self.profile.title)
            self.state = replace(self._look(), stage="failed", message=WRONG_SIDE)
        else:
            self.state = replace(self._look(), stage="done")
            if self._then is not None:
                self._then()

    def _fetch(self) -> None:
        from pipeline.models.hub import fetch_part

        expect_room(self.profile, self.state.size - self.state.here)
        for part in self.profile.downloaded_parts.values():
            fetch_part(part, self)
            if self._stopped.is_set():
                raise Cancelled
            self.state = replace(self._look(), stage="running", speed=self.state.speed)

    def _look(self) -> DownloadState:
        parts = self.profile.downloaded_parts.values()
        size, here = sum(part.size for part in parts), bytes_here(parts)
        done = all(cached_revision(part) for part in parts)
        return DownloadState("done" if done else "idle", size, size if done else min(here, size))


def expect_room(profile: ModelProfile, missing: int) -> None:
    """Raise ModelError unless the disk of the Hub's cache takes `missing` bytes more and keeps some free."""
    cache = repo_folder(profile.parts["base"]).parent
    free = shutil.disk_usage(nearest_folder(cache)).free
    if missing + ROOM_LEFT > free:
        raise ModelError(
            f"{profile.title} needs {giga(missing + ROOM_LEFT)} more in {cache}, and {giga(free)} are free there. Free "
            "some room, or set HF_HOME to a folder on another disk and start Croquis anew."
        )


def bytes_here(parts: Iterable[ModelPart]) -> int:
    """Bytes of the parts' files in the cache, and of those that are on the way."""
    from pipeline.models.hub import PARTIAL

    listed = list(parts)
    whole = sum(
        file.size
        for part in listed
        for file in part.files
        if any((snapshot_folder(part, commit) / file.path).is_file() for commit in commits(part))
    )
    blobs = {repo_folder(part) / "blobs" for part in listed}
    return whole + sum(path.stat().st_size for folder in blobs for path in folder.glob(f"*{PARTIAL}"))


def commits(part: ModelPart) -> tuple[str, ...]:
    """Of which files may be in the cache."""
    from pipeline.models.hub_cache import main_revision

    return tuple(commit for commit in (part.revision, main_revision(part)) if commit)


def nearest_folder(path: Path) -> Path:
    """`path`, or the closest one above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def giga(count: float) -> str:
    """Bytes as people read them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
