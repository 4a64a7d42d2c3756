"""A picture file read again, and what a person should know before drawing it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.profiles import PROFILES
from pipeline.values import GenerationRequest

NUMBERS = "numbers"  # the number format among the revisions, where it is not the usual one


@dataclass(frozen=True)
class Reopened:
    """What a picture file carries."""

    request: GenerationRequest
    revisions: Mapping[str, str]  # model part -> revision or hash that it met when it was drawn


def unlike(reopened: Reopened, engine: str, revisions: Mapping[str, str]) -> str | None:
    """Why drawing it again with this engine and these revisions gives another picture; None where it gives the same."""
    then, drawn_by = reopened.revisions, reopened.request.engine
    if drawn_by != engine:
        before = PROFILES[drawn_by].title if drawn_by in PROFILES else f"the engine {drawn_by!r}"
        return (f"It was drawn by {_lower(before)}; {_lower(PROFILES[engine].title)} draws now and makes another "
                "picture.")
    others = sorted(part for part in (then.keys() | revisions.keys()) - {NUMBERS}
                    if then.get(part) != revisions.get(part))
    if others:
        return (f"It was drawn with other weights than are here now ({', '.join(others)}): drawn again it will be "
                "another picture, in the same spirit.")
    if then.get(NUMBERS) != revisions.get(NUMBERS):
        return (f"It was computed in {then.get(NUMBERS, 'the usual numbers')}, here it will be in "
                f"{revisions.get(NUMBERS, 'the usual ones')}: drawn again it will be nearly the same.")
    return None


def _lower(title: str) -> str:
    """For the middle of a sentence: "the pocket model", but "Stable Diffusion 1.5"."""
    return title[:1].lower() + title[1:] if title.startswith("The ") else title
