"""Say for the audit who had what drawn: hashes, the engine, the safety checker's verdict and the seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pipeline.metrics.measurements import Measurements
from pipeline.places import HOST, get_place
from pipeline.settings import Settings
from pipeline.store.keeper import Drawing, Keeper
from pipeline.store.request_hash import hash_request
from pipeline.values import Drawn, GenerationRequest

SHOWN, WITHHELD, UNCHECKED = "shown", "withheld", "unchecked"


class Audit:
    """Audit has a line written for each picture where the host wants it."""

    def __init__(self, settings: Settings, keeper: Keeper, measurements: Measurements) -> None:
        self._is_on, self._keeper, self._measurements = settings.audit == "on", keeper, measurements

    def follow(
        self,
        request: GenerationRequest,
        draw: Callable[[GenerationRequest], Drawn],
        *,
        gives_way: bool = False,
        prepared: Mapping[str, float] | None = None,
    ) -> Drawn:
        """Draw a request's picture by `draw`, measured as Measurements.follow does, and have its line written.

        Raises what `draw` raises.
        """
        began = time.monotonic()
        drawn = self._measurements.follow(request, draw, gives_way=gives_way, prepared=prepared)
        if self._is_on:
            place, seconds = get_place(), time.monotonic() - began
            visitor = HOST if place is None else place.person
            line = Drawing(visitor, hash_request(request), request.engine, name_verdict(drawn), seconds)
            self._keeper.note_drawing(line)
        return drawn


def name_verdict(drawn: Drawn) -> str:
    """Return what the safety checker said of the pictures of one request."""
    if not drawn.verdicts:
        return UNCHECKED
    return WITHHELD if any(verdict.withheld for verdict in drawn.verdicts) else SHOWN
