"""Say what OpenVINO cannot draw: on which machines, and which pictures."""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from typing import Any

import torch

from pipeline.engine.adapters import AddedLayer
from pipeline.engine.denoise import Conditions
from pipeline.errors import SettingError

NEEDED = (2026, 4)  # the oldest OpenVINO that was tried
MISSING = "OpenVINO is not installed. Install it with: pip install -r requirements-openvino.txt"
TOO_OLD = "OpenVINO {found} is too old. Install the one that was tried with: pip install -r requirements-openvino.txt"
ELSEWHERE = "compile 'openvino' is for the processor, and the device is {device!r}. Set compile to on or off."
SLOWER = (
    "compile 'openvino' draws in bfloat16, and this processor draws in {numbers}, in which torch is quicker. Set "
    "compile to off, or dtype to bfloat16."
)
WITH_LORAS = "OpenVINO draws without LoRAs, so torch drew this picture."
WITH_PARTS = "OpenVINO draws all of a picture in one style, so torch drew this one."
OTHER_NUMBERS = "OpenVINO draws in bfloat16 with whole weights, so torch drew this picture."


def expect_openvino(device: torch.device, dtype: torch.dtype) -> None:
    """Raise SettingError, with what to do, unless OpenVINO can draw here."""
    if device.type != "cpu":
        raise SettingError(ELSEWHERE.format(device=device.type))
    if importlib.util.find_spec("openvino") is None:
        raise SettingError(MISSING)
    found = version("openvino")
    if tuple(int(each) for each in found.split(".")[:2]) < NEEDED:
        raise SettingError(TOO_OLD.format(found=found))
    if dtype != torch.bfloat16:
        raise SettingError(SLOWER.format(numbers=str(dtype).removeprefix("torch.")))


def find_trouble(unet: Any, conditions: Conditions) -> str:
    """Return why torch draws a picture, in words for the page; "" where OpenVINO can."""
    if unet.dtype != torch.bfloat16 or conditions.prompt_embeds.dtype != torch.bfloat16:
        return OTHER_NUMBERS
    if conditions.shares is not None:
        return WITH_PARTS
    return WITH_LORAS if any(isinstance(each, AddedLayer) for each in unet.modules()) else ""
