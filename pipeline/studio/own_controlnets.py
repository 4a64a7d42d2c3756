"""Find the ControlNets of a person's own that an order names, or that stand in for published ones.

Which reading one follows is told by its name, as A1111 and its kin tell it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pipeline.hints import ControlNetName, HintSettings, OwnControlNet
from pipeline.models.own_files import OwnFiles

WORDS: Mapping[ControlNetName, tuple[str, ...]] = {  # in the order in which they are looked for
    "lineart": ("lineart", "line art"),
    "softedge": ("softedge", "soft edge", "hed", "pidi", "pidinet"),
    "scribble": ("scribble", "sketch"),
    "canny": ("canny",),
    "depth": ("depth", "midas"),
    "openpose": ("openpose", "pose", "dwpose"),
}
LONG = 5  # letters from which on a word is looked for within others, too: "sd15canny"
OTHER_INPUTS = ("densepose", "pose animal", "animal openpose", "mediapipe")  # none of our readings


def recognise_reading(name: str) -> ControlNetName | None:
    """Return the reading that a ControlNet of this name follows; None where its name does not tell."""
    words = re.sub(r"[^a-z]+", " ", name.lower())
    if any(other in words for other in OTHER_INPUTS):
        return None
    return next((reading for reading, known in WORDS.items() if any(stands_in(each, words) for each in known)), None)


def stands_in(word: str, words: str) -> bool:
    """Return whether a word is one of the words; a long one may stand within another."""
    return word in words if len(word) >= LONG else f" {word} " in f" {words} "


def list_suited(names: Iterable[str], reading: str) -> list[str]:
    """List the ControlNets that a person may use for a reading: those named after it, then those that do not tell."""
    known = [(recognise_reading(name), name) for name in names]
    return [name for found, name in known if found == reading] + [name for found, name in known if found is None]


def find_substitute(files: OwnFiles, reading: ControlNetName) -> str:
    """Return the name of the first ControlNet that is named after the reading; "" without one."""
    names = (each.name for each in files.list_kind("controlnet"))
    return next((name for name in names if recognise_reading(name) == reading), "")


def find_controlnet(files: OwnFiles, settings: HintSettings) -> tuple[HintSettings, OwnControlNet | None]:
    """Find the file that the settings name, and return them with its name as it is written; None for a published one.

    Raises SettingError where there is no such file, ModelError where it is broken.
    """
    if not settings.model:
        return settings, None
    found = files.find("controlnet", settings.model)
    return replace(settings, model=found.name), OwnControlNet(files.hash_file(found.path), found.path)
