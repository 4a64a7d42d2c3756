"""Tell by a name what a ControlNet follows, as A1111 and its kin tell it: the name of a model, or of a preprocessor."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.hints import ControlNetName

WORDS: Mapping[ControlNetName, tuple[str, ...]] = {  # in the order in which they are looked for
    "lineart": ("lineart", "line art"),
    "softedge": ("softedge", "soft edge", "hed", "pidi", "pidinet"),
    "scribble": ("scribble", "sketch"),
    "canny": ("canny",),
    "depth": ("depth", "midas"),
    "openpose": ("openpose", "pose", "dwpose"),
}
LONG = 5  # letters from which on a word is looked for within others, too: "sd15canny"
OTHER_INPUTS = ("densepose", "pose animal", "animal openpose", "mediapipe", "normal", "t ia")  # none of our readings


def recognise_reading(name: str) -> ControlNetName | None:
    """Return the reading that a ControlNet of this name follows; None where its name does not tell."""
    words = re.sub(r"[^a-z]+", " ", name.lower())
    if any(other in words for other in OTHER_INPUTS):
        return None
    return next((reading for reading, known in WORDS.items() if any(stands_in(each, words) for each in known)), None)


def recognise_preprocessor(name: str) -> ControlNetName | None:
    """Return the reading that a preprocessor of this name makes; None for what we have no reading like.

    A scribble may be made of soft edges: "scribble_hed".
    """
    return "scribble" if "scribble" in name.lower() else recognise_reading(name)


def stands_in(word: str, words: str) -> bool:
    """Return whether a word is one of the words; a long one may stand within another."""
    return word in words if len(word) >= LONG else f" {word} " in f" {words} "
