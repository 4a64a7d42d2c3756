"""Say which LoRAs a request is drawn with: its own, and the few-step weights (LCM-LoRA, Hyper-SD) of its shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.engine.adapters import WantedLora
from pipeline.request.presets import Menu
from pipeline.values import GenerationRequest


def list_wanted_loras(request: GenerationRequest, menu: Menu, locate: Callable[[str], Path]) -> tuple[WantedLora, ...]:
    """List the LoRAs with their weights, few-step weights first; `locate` returns the folder of a part by its role.

    Raises ModelError where the few-step weights are not here.
    """
    quick = menu.few_steps.get(request.shortcuts.few_steps)
    first = () if quick is None else (WantedLora(locate(quick.part) / quick.file, "", quick.scale),)
    return (*first, *(WantedLora(each.file, each.sha256, each.weight) for each in request.loras if each.weight))
