"""Name how a call of a cluster ended, and sum all of them up."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from typing import Any

PICTURE, REFUSED, TOLD, UNTOLD = "picture", "refused", "told error", "no answer"


def name_end(status: int, body: bytes) -> str:
    """Name how a call ended: in a picture, refused for now, told in words what was wrong, or none of these."""
    if status == 200 and body.startswith(b"\x89PNG"):
        return PICTURE
    try:
        is_told = bool(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        is_told = False
    return UNTOLD if not is_told else REFUSED if status == 429 else TOLD


def summarise(ends: dict[str, int], waits: Sequence[float]) -> dict[str, Any]:
    """Return how the calls ended, whether each was answered, and the middle and the 95th percentile of the waits."""
    ordered = sorted(waits)
    percentile = ordered[int(0.95 * (len(ordered) - 1))] if ordered else None
    return {
        "ends": ends,
        "each answered": not ends.get(UNTOLD),
        "s to a picture": {"median": statistics.median(ordered) if ordered else None, "95th": percentile},
    }
