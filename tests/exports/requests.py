"""Make requests of drawings, as the page makes them, for tests of what leaves Croquis."""

from __future__ import annotations

import json
from typing import Any

from pipeline.sketch.edges import fit_drawing, read_edges
from pipeline.sketch.intake import read_strokes
from pipeline.values import GenerationRequest, Style, StyleMix
from tests.tools.drawings import make_canvas
from tests.tools.requests import make_flat_request


def make_request_of(
    style: Style, *marks: dict[str, Any], width: int = 512, height: int = 512
) -> tuple[GenerationRequest, str]:
    """Return the request of a drawing of these marks, and the canvas's JSON."""
    sketch = read_strokes(json.dumps(make_canvas(*marks) | {"version": 2}))
    request = make_flat_request(
        engine="pocket",
        prompt="a ball",
        negative_prompt="",
        edges=read_edges(sketch, "auto", 50, 150, size=(width, height)),
        colours=fit_drawing(sketch, (width, height)),
        styles=StyleMix.of(style),
        width=width,
        height=height,
        num_inference_steps=4,
        guidance_scale=1.0,
        ip_adapter_scale=1.0,
        controlnet_conditioning_scale=1.0,
        seed=7,
    )
    return request, str(sketch.canvas)
