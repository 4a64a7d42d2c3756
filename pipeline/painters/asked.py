"""Colours that were asked for stay in a painted picture: what words named, and what the person painted."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.pieces import cell_means
from pipeline.painters.source import Source
from pipeline.painters.surface import Picture, Plane, as_plane, clip, times
from pipeline.painters.texture import blur

FAR = 44.0  # CIELAB, with lightness at half weight: a region farther from every colour named was not meant
MOSTLY = 0.5  # of a region: painted by the person
GREY = 9.0  # chroma up to which a colour has no hue to keep
LEAST, MOST = 0.8, 1.5  # of its own chroma that a region keeps, and may take in a strong style
DARKER, LIGHTER = 18.0, 10.0  # L by which a style may darken or lighten what was asked for
PALER = 8.0  # the same of a colour without hue: a white that lost 18 L is a grey
TURN = 0.03  # tangent of the angle by which a style may turn its hue: 2 degrees; orange is 20 from yellow


def keep_asked_colours(
    picture: NDArray[np.uint8], source: Source, named: NDArray[np.uint8], painted: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return a picture of a painting whose regions of an asked colour have its hue again; all texture and light stay.

    named: (n, 3) RGB of the colours that words named; regions near one are meant, what lies behind everything is not.
    painted: (H, W), where the person painted; these regions are meant whatever their colour is.
    """
    meant = find_meant_regions(source, named, painted)
    if not meant.any():
        return picture
    count, labels = len(meant), source.regions
    styled = to_lab(as_plane(picture / np.float32(255)))
    bare = as_plane(1 - source.lines)
    share = np.maximum(cell_means(bare, labels, count), 1e-3)
    own = to_lab(source.region_colours[None])[0]
    seen = cell_means(times(styled, bare), labels, count) / share
    change = np.where(meant[:, None], hold_colours(own, as_plane(seen)) - seen, 0).astype(np.float32)
    moved = styled + times(blur(as_plane(change[labels]), 0.8), as_plane(1 - 0.85 * source.lines))
    kept = clip(as_plane(cv2.cvtColor(as_plane(moved), cv2.COLOR_LAB2RGB)))
    return np.asarray(kept * np.float32(255) + np.float32(0.5), np.uint8)


def find_meant_regions(source: Source, named: NDArray[np.uint8], painted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each region, (n,), whether its colour was asked for."""
    count = len(source.region_colours)
    filled = np.zeros(count, np.bool_)
    if painted.any():
        filled = cell_means(as_plane(painted), source.regions, count)[:, 0] > MOSTLY
    if not len(named):
        return np.asarray(filled)
    apart = to_lab(source.region_colours[None])[0][:, None] - to_lab(as_plane(named / np.float32(255))[None])[0]
    near = np.sqrt((apart**2 * as_plane([0.25, 1, 1])).sum(-1)).min(1) < FAR
    return np.asarray(filled | (near & ~source.behind))


def hold_colours(own: Plane, seen: Plane) -> Plane:
    """Return what regions are to look like, (n, 3) CIELAB: as the style shows them, held near their own colours."""
    strong = np.hypot(own[:, 1:2], own[:, 2:])
    darker, lighter = (np.where(strong > GREY, most, PALER) for most in (DARKER, LIGHTER))
    light = np.clip(seen[:, :1], own[:, :1] - darker, own[:, :1] + lighter)
    along = own[:, 1:] / np.maximum(strong, 1e-3)
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    chroma = np.clip((seen[:, 1:] * along).sum(1, keepdims=True), LEAST * strong, MOST * strong)
    turned = np.clip((seen[:, 1:] * across).sum(1, keepdims=True), -TURN * chroma, TURN * chroma)
    pale = seen[:, 1:] * np.minimum(1, GREY / np.maximum(np.hypot(seen[:, 1:2], seen[:, 2:]), 1e-3))
    return as_plane(np.hstack([light, np.where(strong > GREY, along * chroma + across * turned, pale)]))


def to_lab(picture: Picture) -> Picture:
    """Return RGB in [0, 1] as CIELAB, L in [0, 100]."""
    return as_plane(cv2.cvtColor(as_plane(picture), cv2.COLOR_RGB2LAB))
