"""Say which LoRAs a request is drawn with: its own, those of taught styles, the few-step weights of its shortcuts."""

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

MISSING = "What the style “{name}” learnt is not on this machine; it is worn as its picture looks."
PICTURE_ALONE = "On its part, “{name}” is worn as its picture looks: what it learnt counts for whole pictures."


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
    own = (WantedLora(each.file, each.sha256, each.weight) for each in request.loras if each.weight)
    return (*first, *own, *list_taught_loras(request))


def list_taught_loras(request: GenerationRequest) -> tuple[WantedLora, ...]:
    """List the LoRAs of the styles that pictures taught, each as strong as its style is worn."""
    strength = request.conditioning.ip_adapter_scale
    taught = [(style.taught, weight) for style, weight in request.styles.parts if style.taught is not None]
    return tuple(
        WantedLora(learnt.lora, learnt.lora_sha256, weight * strength)
        for learnt, weight in taught
        if learnt.lora is not None and weight * strength
    )


def list_lora_notices(request: GenerationRequest) -> tuple[str, ...]:
    """Return a notice, in words for the page, for each style whose picture alone is worn: its LoRA is not here, or it
    is worn on a part, and layers add a LoRA to the whole picture.
    """
    worn = [(style.name, style.taught) for style, _ in request.styles.parts if style.taught is not None]
    gone = [name for name, each in worn if each.lora_sha256 and each.lora is None]
    brushed = () if request.mask is None else request.mask.styles.parts
    parts = [(style.name, style.taught) for style, _ in brushed if style.taught is not None]
    alone = [name for name, each in parts if each.lora_sha256 and (name, each) not in worn]
    return (*(MISSING.format(name=name) for name in gone), *(PICTURE_ALONE.format(name=name) for name in alone))
