"""The library's styles as code: a painting in, a picture in that style out.

A style with its parameters is one LOOK: painted over different contents it gives pictures that belong together. The
seed only decides where grain and strokes fall.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import StyleError
from pipeline.painters.atmosphere import ATMOSPHERES
from pipeline.painters.colouring import COLOURINGS
from pipeline.painters.craft import CRAFTS
from pipeline.painters.drawing import DRAWINGS
from pipeline.painters.era import ERAS
from pipeline.painters.grid import GRIDS
from pipeline.painters.material import MATERIALS
from pipeline.painters.painting import PAINTINGS
from pipeline.painters.printing import PRINTS
from pipeline.painters.reading import read_painting
from pipeline.painters.source import Source
from pipeline.painters.surface import Parameters, Picture, Renderer, as_plane, clip, luma, mix, times
from pipeline.painters.texture import blur
from pipeline.values import Painting

Library = Mapping[str, Renderer[Source]]

FAMILIES: tuple[Library, ...] = (
    PAINTINGS,
    DRAWINGS,
    PRINTS,
    CRAFTS,
    GRIDS,
    MATERIALS,
    ATMOSPHERES,
    ERAS,
    COLOURINGS,
)
PAINTERS: dict[str, Renderer[Source]] = dict(sorted((name, found[name]) for found in FAMILIES for name in found))
RENDERERS: dict[str, Renderer[Source]] = {name: PAINTERS[name] for name in PAINTERS if name not in COLOURINGS}
DEFAULTS: dict[str, dict[str, float]] = {name: renderer.defaults() for name, renderer in PAINTERS.items()}
KEEPS_COLOR: dict[str, bool] = {name: renderer.keeps_color for name, renderer in PAINTERS.items()}
SMALLEST = 32  # px, of a picture's shorter side
STRONGEST = 1.5  # of a style's strength: what it changes is exaggerated by half


def renderer_of(style_id: str) -> Renderer[Source]:
    """Return a style's renderer; raises StyleError, which names all there are."""
    if style_id not in PAINTERS:
        raise StyleError(f"No renderer paints the style {style_id!r}; there are {', '.join(PAINTERS)}.")
    return PAINTERS[style_id]


def draw_parameters(style_id: str, rng: np.random.Generator) -> dict[str, float]:
    """Return one look of the style, drawn from the ranges that training uses."""
    return renderer_of(style_id).draw(rng)


def check_parameters(style_id: str, parameters: Parameters) -> None:
    """Raise StyleError unless a style's parameters are complete and none is unknown."""
    spans = renderer_of(style_id).spans
    if set(parameters) != set(spans):
        raise StyleError(f"{style_id} takes {sorted(spans)}; {sorted(parameters)} came.")


def paint_source(source: Source, style_id: str, parameters: Parameters, rng: np.random.Generator) -> Picture:
    """Paint what was already read of a painting; the result is float32 (H, W, 3) in [0, 1]."""
    check_parameters(style_id, parameters)
    renderer = renderer_of(style_id)
    picture = clip(renderer.paint(source, parameters, rng))
    return keep_pen_colours(picture, source) if renderer.keeps_color else picture


def keep_pen_colours(picture: Picture, source: Source) -> Picture:
    """Give strokes that were drawn with a coloured pen their colour again, with the picture's own texture."""
    if source.tinted is None or source.pen is None:
        return picture
    light = luma(picture)
    texture = np.clip(1 + 1.2 * (light - blur(light, 2.5)), 0.6, 1.4)
    return mix(picture, clip(times(source.pen, as_plane(texture))), source.tinted * np.float32(0.92))


def paint(
    painting: Painting | Source, style_id: str, parameters: Parameters, strength: float, seed: int
) -> NDArray[np.uint8]:
    """Paint a painting in a style, uint8 (H, W, 3); equal arguments give equal pixels.

    A Source keeps what is read of it, for the next style. `strength` 0 shows the plain colours with the lines laid on,
    1 the whole style, above 1 more of it than there is.
    Raises StyleError for an unknown style, unknown or missing parameters, a strength outside of [0, 1.5] or a painting
    below 32 px.
    """
    if not 0 <= strength <= STRONGEST:
        raise StyleError(f"A style's strength lies between 0 and {STRONGEST}; {strength} came.")
    source = open_source(painting)
    if strength == 0:
        return to_bytes(source.plain)
    rng = np.random.default_rng([seed, *style_id.encode()])
    return to_bytes(mix(source.plain, paint_source(source, style_id, parameters, rng), strength))


def open_source(painting: Painting | Source) -> Source:
    """Return what painters read of a painting; raises StyleError for one that is too small."""
    if min(painting.lines.shape) < SMALLEST:
        raise StyleError(f"A style paints pictures of at least {SMALLEST} px, not {painting.lines.shape}.")
    return painting if isinstance(painting, Source) else Source(painting)


def to_bytes(picture: Picture) -> NDArray[np.uint8]:
    """Return a picture in [0, 1] as uint8."""
    return np.asarray(clip(picture) * np.float32(255) + np.float32(0.5), np.uint8)


def render(style_id: str, image: Picture, parameters: Parameters, rng: np.random.Generator) -> Picture:
    """Paint a plain picture, float32 (H, W, 3) RGB in [0, 1], in a style; the result has the same shape and range.

    The picture's lines and regions are read from it first. Raises StyleError for an unknown style, unknown or missing
    parameters, or a picture of another kind.
    """
    check_parameters(style_id, parameters)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.float32 or min(image.shape[:2]) < SMALLEST:
        raise StyleError(f"A style paints float32 (H, W, 3) of at least 32 px, not {image.dtype} {image.shape}.")
    return paint_source(Source(read_painting(image)), style_id, parameters, rng)
