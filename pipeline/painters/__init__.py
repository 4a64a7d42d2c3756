"""The library's 40 styles as code: a picture in, the same picture in that style out.

A style with its parameters is one LOOK: drawn over different contents it gives pictures that belong together, which
is what the pocket model's IP-Adapter learns from. The generator only decides where grain and strokes fall.
"""

from __future__ import annotations

import numpy as np

from pipeline.errors import StyleError
from pipeline.painters.atmosphere import ATMOSPHERES
from pipeline.painters.craft import CRAFTS
from pipeline.painters.drawing import DRAWINGS
from pipeline.painters.material import MATERIALS
from pipeline.painters.painting import PAINTINGS
from pipeline.painters.printing import PRINTS
from pipeline.painters.surface import Parameters, Picture, Renderer, clip

RENDERERS: dict[str, Renderer] = dict(
    sorted({**PAINTINGS, **DRAWINGS, **PRINTS, **CRAFTS, **MATERIALS, **ATMOSPHERES}.items())
)
DEFAULTS: dict[str, dict[str, float]] = {name: renderer.defaults() for name, renderer in RENDERERS.items()}
KEEPS_COLOR: dict[str, bool] = {name: renderer.keeps_color for name, renderer in RENDERERS.items()}


def renderer_of(style_id: str) -> Renderer:
    if style_id not in RENDERERS:
        raise StyleError(f"No renderer paints the style {style_id!r}; there are {', '.join(RENDERERS)}.")
    return RENDERERS[style_id]


def draw_parameters(style_id: str, rng: np.random.Generator) -> dict[str, float]:
    """One look of the style, drawn from the ranges that training uses."""
    return renderer_of(style_id).draw(rng)


def render(style_id: str, image: Picture, parameters: Parameters, rng: np.random.Generator) -> Picture:
    """Paint `image`, float32 (H, W, 3) RGB in [0, 1], in a style; the result has the same shape and range.

    Raises StyleError for an unknown style, unknown or missing parameters, or a picture of another kind.
    """
    renderer = renderer_of(style_id)
    if set(parameters) != set(renderer.spans):
        raise StyleError(f"{style_id} takes {sorted(renderer.spans)}; {sorted(parameters)} came.")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.float32 or min(image.shape[:2]) < 32:
        raise StyleError(f"A style paints float32 (H, W, 3) of at least 32 px, not {image.dtype} {image.shape}.")
    return clip(renderer.paint(image, parameters, rng))
