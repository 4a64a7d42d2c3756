"""Recolour what a word would name: the main colour group of a thing, and nothing else of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import from_oklab, to_oklab
from pipeline.pocket.data.colors import COLORS, draw_paint, name_color
from pipeline.pocket.data.part_canvas import Float, Rng

COLOUR_WORD = re.compile(rf"\b(?:{'|'.join(COLORS)}|grey|golden|gold)\b\s*", re.IGNORECASE)
GRAY = 0.045  # OKLab chroma below which a colour has no hue
NEAR = 0.6  # radians of hue within one group
SAID_AT = 0.4  # share of the thing that its main group has at least, for a colour word to mean it


@dataclass(frozen=True, eq=False)
class Group:
    """Regions of one hue."""

    regions: tuple[int, ...]
    share: float  # of the thing's area
    mean: Float  # OKLab


def find_groups(colours: NDArray[np.uint8], regions: NDArray[np.uint8]) -> list[Group]:
    """The thing's regions by hue (without one: by lightness), the largest group first."""
    counts = np.bincount(regions.ravel())
    total = max(1, counts[1:].sum())
    means = {int(n): to_oklab(np.median(colours[regions == n], axis=0) / 255) for n in np.flatnonzero(counts) if n}
    groups: list[list[int]] = []
    for n in sorted(means, key=lambda one: -counts[one]):
        for group in groups:
            if alike(means[group[0]], means[n]):
                group.append(n)
                break
        else:
            groups.append([n])
    found = [Group(tuple(group), float(counts[group].sum() / total), means[group[0]]) for group in groups]
    return sorted(found, key=lambda group: -group.share)


def alike(one: Float, other: Float) -> bool:
    chroma = np.hypot(one[1], one[2]), np.hypot(other[1], other[2])
    if min(chroma) < GRAY or max(chroma) < GRAY * 1.3:
        return bool(max(chroma) < GRAY * 1.6 and abs(one[0] - other[0]) < 0.18)
    turn = np.arctan2(one[2], one[1]) - np.arctan2(other[2], other[1])
    return bool(abs((turn + np.pi) % (2 * np.pi) - np.pi) < NEAR and abs(one[0] - other[0]) < 0.4)


def paint_group(
    colours: NDArray[np.uint8], regions: NDArray[np.uint8], group: Group, word: str, rng: Rng
) -> NDArray[np.uint8]:
    """The same picture with that group in a colour word's paint; its light and shade stay."""
    return tint_group(colours, regions, group, draw_paint(word, rng))


def tint_group(colours: NDArray[np.uint8], regions: NDArray[np.uint8], group: Group, paint: Float) -> NDArray[np.uint8]:
    inside = np.isin(regions, group.regions)
    lab, base = to_oklab(colours[inside]), to_oklab(paint)
    light = np.clip(base[0] + 0.8 * (lab[:, 0] - np.median(lab[:, 0])), 0.08, 0.99)
    ratio = np.clip(light / max(0.05, float(base[0])), 0.5, 1.25)[:, None]
    made = from_oklab(np.concatenate([light[:, None], base[1:] * ratio], axis=1).astype(np.float32))
    result = np.array(colours)
    result[inside] = np.round(255 * made).astype(np.uint8)
    return result


def usual_word(colours: NDArray[np.uint8], regions: NDArray[np.uint8], group: Group) -> str | None:
    """The word for the colour that a group has anyway."""
    return name_color(colours[np.isin(regions, group.regions)], 0.8)
