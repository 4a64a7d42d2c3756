"""Keep pictures in memory by their requests, where the host gives room for it: equal requests give equal pixels.

Nothing of it is on the disk. What was withheld, what follows a pen live and what cannot be hashed is never kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from pipeline.store.request_hash import hash_request
from pipeline.values import Drawn, GenerationRequest

DrawRequest = Callable[[GenerationRequest], Drawn]
MEGABYTE = 10**6


class CachedEngine(Protocol):
    """CachedEngine says by what it draws now: one engine may draw in another number format where memory is short."""

    @property
    def present_revisions(self) -> Mapping[str, str]: ...


class ResultCache:
    """ResultCache holds what one engine drew lately, within so many megabytes. Safe to call from many threads."""

    def __init__(self, megabytes: float) -> None:
        """Take the room; 0 keeps nothing."""
        self._most, self._lock = int(megabytes * MEGABYTE), threading.Lock()
        self._kept: OrderedDict[str, Drawn] = OrderedDict()
        self._bytes = 0
        self._engine: CachedEngine | None = None

    def draw(self, request: GenerationRequest, draw: DrawRequest, engine: CachedEngine) -> Drawn:
        """Return what was drawn of an equal request by this very engine, else what `draw` draws now.

        Another engine or device is another object, and begins with nothing; by other weights, or in another number
        format than now, what was drawn is another picture.
        """
        if not self._most or (key := find_key(request)) is None:
            return draw(request)
        by = write_revisions(engine)
        found = self._find(f"{key} {by}", engine)
        if found is not None:
            return found
        drawn = draw(request)
        if not any(verdict.withheld for verdict in drawn.verdicts) and write_revisions(engine) == by:
            self._keep(f"{key} {by}", drawn, engine)
        return drawn

    def _find(self, key: str, engine: CachedEngine) -> Drawn | None:
        with self._lock:
            self._follow(engine)
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return copy_drawn(self._kept[key])

    def _keep(self, key: str, drawn: Drawn, engine: CachedEngine) -> None:
        with self._lock:
            if engine is not self._engine or key in self._kept:
                return
            self._kept[key] = copy_drawn(drawn)
            self._bytes += measure(drawn)
            while self._bytes > self._most:
                self._bytes -= measure(self._kept.popitem(last=False)[1])

    def _follow(self, engine: CachedEngine) -> None:
        if engine is not self._engine:
            self._engine, self._bytes = engine, 0
            self._kept.clear()


def write_revisions(engine: CachedEngine) -> str:
    """Write the revisions and the number format that an engine draws by now."""
    return repr(sorted(engine.present_revisions.items()))


def find_key(request: GenerationRequest) -> str | None:
    """Return the hash of everything that decides the pixels; None where it holds what cannot be hashed."""
    try:
        return hash_request(request)
    except TypeError:
        return None


def copy_drawn(drawn: Drawn) -> Drawn:
    """Return the same pictures with pixels of their own, which took no time."""
    return replace(drawn, images=tuple(image.copy() for image in drawn.images), milliseconds={})


def measure(drawn: Drawn) -> int:
    """Return the bytes of the pixels."""
    return sum(image.width * image.height * len(image.getbands()) for image in drawn.images)
