"""Make a request to draw two lines, for tests that need a whole one and say what is different in theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.prompt_syntax import Prompt
from pipeline.values import EdgeMap, GenerationRequest, Style, StyleMix
from tests.tools.requests import change_request, make_flat_request

if TYPE_CHECKING:
    from pipeline.engine.drawing_engine import DrawingEngine


def make_request(engine: DrawingEngine, style: Style, **changed: Any) -> GenerationRequest:
    width, height = engine.profile.size
    pixels = np.zeros((height, width), np.uint8)
    pixels[height // 4, width // 8 : -width // 8] = 255
    pixels[height // 8 : -height // 8, width // 3] = 255
    request = make_flat_request(
        engine=engine.profile.name,
        prompt=Prompt("a red fox in a city"),
        negative_prompt=Prompt(""),
        edges=EdgeMap(pixels, "lines"),
        styles=StyleMix.of(style),
        width=width,
        height=height,
        num_inference_steps=4,
        guidance_scale=3.0,
        ip_adapter_scale=1.0,
        controlnet_conditioning_scale=1.0,
        seed=11,
    )
    return change_request(request, **changed)
