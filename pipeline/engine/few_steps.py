"""Say which LoRAs a request is drawn with: its own, and the few-step weights (LCM-LoRA, Hyper-SD) of its shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.engine.adapters import Adapters, WantedLora
from pipeline.engine.placement import Placement
from pipeline.models.locate import PresentParts
from pipeline.request.presets import Menu
from pipeline.timing import Clock
from pipeline.values import GenerationRequest


class RequestLoras:
    """RequestLoras puts the LoRAs of each request on one pipeline's networks, and takes off what it does not want."""

    def __init__(self, pipeline: Any, menu: Menu, files: PresentParts, placement: Placement) -> None:
        self._menu, self._locate = menu, cache(files.locate)  # a part's hash is computed once
        self.adapters = Adapters(pipeline, placement.get_format)

    def use(self, request: GenerationRequest, clock: Clock) -> bool:
        """Add what the request wants; return whether the text encoder's changed. `clock` gets the stage "loras"."""
        wanted = list_wanted_loras(request, self._menu, self._locate)
        if wanted == self.adapters.present:
            return False
        changed = self.adapters.use(wanted)
        clock.mark("loras")
        return changed


def list_wanted_loras(request: GenerationRequest, menu: Menu, locate: Callable[[str], Path]) -> tuple[WantedLora, ...]:
    """List the LoRAs with their weights, few-step weights first; `locate` returns the folder of a part by its role.

    Raises ModelError where the few-step weights are not here.
    """
    quick = menu.few_steps.get(request.shortcuts.few_steps)
    first = () if quick is None else (WantedLora(locate(quick.part) / quick.file, "", quick.scale),)
    return (*first, *(WantedLora(each.file, each.sha256, each.weight) for each in request.loras if each.weight))
