"""Find the ControlNets of a person's own that an order names, or that stand in for published ones.

Which reading one follows is told by its name, as A1111 and its kin tell it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from pipeline.errors import SettingError
from pipeline.hints import ControlNetName, HintSettings, OwnControlNet
from pipeline.models.controlnets import name_published
from pipeline.models.own_files import OwnFiles
from pipeline.request.controlnet_names import recognise_reading
from pipeline.request.controlnets import Chosen

NOT_HERE = "The ControlNet “{model}” is not here, so the published one for {reading} steers in its place."
IN_HALF = re.compile(r"[-_ ]?fp16$", re.IGNORECASE)  # end of the name of a published ControlNet in 16 bits


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


def keep_known_models(chosen: Chosen, files: OwnFiles) -> tuple[Chosen, tuple[str, ...]]:
    """Return ControlNets that another program noted, with published ones in place of those that are not here, and what
    to say of them; nothing of one that was the published one there, too.
    """
    kept, notices = [], []
    for reading, settings in chosen:
        known = not settings.model or is_here(files, settings.model)
        kept.append((reading, settings if known else replace(settings, model="")))
        if not known and IN_HALF.sub("", settings.model).lower() != name_published(reading):
            notices.append(NOT_HERE.format(model=settings.model[:60], reading=reading))
    return tuple(kept), tuple(notices)


def is_here(files: OwnFiles, model: str) -> bool:
    """Return whether a ControlNet of that name is here, and of use."""
    try:
        files.find("controlnet", model)
    except SettingError:
        return False
    return True
