"""Name how a call of a cluster ended, and sum all of them up: each answered, and visitors served in turn."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PICTURE, REFUSED, TOLD, UNTOLD = "picture", "refused", "told error", "no answer"
SIXTEEN = 16  # calls that one visitor keeps open
MANY = "10.255.255.254"  # that visitor's address
WINDOW = 30.0  # seconds in which the turns of one visitor are reckoned


@dataclass(frozen=True)
class Call:
    """Call is one call of a visitor."""

    visitor: str  # the address
    end: str
    seconds: float
    wanted: float  # seconds since the picture was first asked for, refusals before this call included
    at: float  # seconds since the first visitor came, when it ended


def name_end(status: int, body: bytes, told: str) -> str:
    """Name how a call ended: in a picture, refused and told in words and seconds when to come back, told in words what
    was wrong, or none of these. `told` is the header Retry-After.
    """
    if status == 200 and body.startswith(b"\x89PNG"):
        return PICTURE
    try:
        is_told = bool(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        is_told = False
    if status == 429:
        return REFUSED if is_told and told.isdigit() and int(told) > 0 else UNTOLD
    return TOLD if is_told else UNTOLD


def summarise(calls: Sequence[Call], seconds: float) -> dict[str, Any]:
    """Return how the calls ended, whether each was answered, and how turns went round while visitors came, which was
    for so many seconds.
    """
    ends = Counter(each.end for each in calls)
    meanwhile = [each for each in calls if each.at <= seconds]
    crowd = [each for each in meanwhile if each.visitor != MANY]
    many = [each for each in meanwhile if each.visitor == MANY]
    return {
        "ends": ends,
        "each answered": not ends[UNTOLD],
        "of each visitor": describe_crowd(crowd),
        "of who sends sixteen": describe_many(many, crowd, seconds),
    }


def write_row(found: dict[str, Any]) -> str:
    """Write what `summarise` found of visitors as a row of SECURITY.md's table."""
    ends, each, many = found["ends"], found["of each visitor"], found["of who sends sixteen"]
    waits = each["s to a picture"] or dict.fromkeys(("median", "95th", "most"), math.nan)
    told = [
        f"{found['visitors']:,} visitors, an address each, of two workers, {found['workers killed']} workers killed: "
        f"{ends.get(PICTURE, 0):,} pictures, {ends.get(REFUSED, 0):,} calls refused in words and told when to come "
        f"back (429), {ends.get(TOLD, 0):,} told an error, {ends.get(UNTOLD, 0):,} without an answer",
        f"who was admitted waited {waits['median']:.0f} s in the median, {waits['95th']:.0f} in the 95th, "
        f"{waits['most']:.0f} at most",
        f"one more who kept sixteen calls open got {many['pictures']} pictures, where who always waits has "
        f"{many['turns that one visitor has']} turns",
    ]
    return f"| `python -m tests.benchmarks.cluster visitors` | {'; '.join(told)} |"


def describe_crowd(calls: Sequence[Call]) -> dict[str, Any]:
    """Return what visitors got who have one call at a time."""
    pictures = {each.visitor: 0 for each in calls}
    drawn = [each for each in calls if each.end == PICTURE]
    for each in drawn:
        pictures[each.visitor] += 1
    return {
        "asked": len(pictures),
        "pictures": dict(sorted(Counter(pictures.values()).items())),
        "refused": sum(each.end == REFUSED for each in calls),
        "s to a picture": describe([each.seconds for each in drawn]),
        "s with refusals before": describe([each.wanted for each in drawn]),
    }


def describe_many(calls: Sequence[Call], crowd: Sequence[Call], seconds: float) -> dict[str, Any]:
    """Return what the visitor got who has sixteen calls at a time, beside what one gets who always waits in line: the
    seconds by the waits of those whose pictures came at that time, since a line grows and shrinks.
    """
    waits = dict[int, list[float]]()
    for each in crowd:
        if each.end == PICTURE:
            waits.setdefault(int(each.at / WINDOW), []).append(each.seconds)
    turns = sum(min(WINDOW, seconds - WINDOW * n) / statistics.fmean(found) for n, found in waits.items())
    return {
        "pictures": sum(each.end == PICTURE for each in calls),
        "turns that one visitor has": round(turns, 1),
        "refused": sum(each.end == REFUSED for each in calls),
        "s to a picture": describe([each.seconds for each in calls if each.end == PICTURE]),
    }


def describe(waits: Sequence[float]) -> dict[str, float] | None:
    """Return the middle, the 95th percentile and the longest of some seconds; None where there are none."""
    if not waits:
        return None
    ordered = sorted(waits)
    return {"median": statistics.median(ordered), "95th": ordered[int(0.95 * (len(ordered) - 1))], "most": ordered[-1]}
