"""Make a small finished picture without an engine, for tests of where pictures are kept."""

from __future__ import annotations

import numpy as np

from pipeline.values import EdgeMap, GenerationResult, Style, StyleMix
from tests.tools.drawings import draw_house
from tests.tools.requests import make_flat_request


def make_small_result(style: Style, prompt: str, negative_prompt: str = "", seed: int = 42) -> GenerationResult:
    """Return the result of a request of these words and seed; its picture, 64 px a side, is always the same."""
    request = make_flat_request(
        engine="pocket",
        prompt=prompt,
        negative_prompt=negative_prompt,
        edges=EdgeMap(np.full((64, 64), 255, np.uint8), "lines"),
        styles=StyleMix.of(style),
        width=64,
        height=64,
        num_inference_steps=1,
        guidance_scale=1.0,
        ip_adapter_scale=1.0,
        controlnet_conditioning_scale=1.0,
        seed=seed,
    )
    return GenerationResult(draw_house(64), request, (), (), {}, {})
