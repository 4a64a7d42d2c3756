"""Light a flat painting softly: what is drawn gets the roundness that its outline suggests, lit from the upper left.

The outline alone says how a surface turns: towards the viewer in the middle, away at the rim (Johnston, "Lumo:
Illumination for Cel Animation", 2002; Sýkora et al., "Ink-and-Ray", 2014, inflate drawings likewise). Here a shape's
height is the sum of its mask blurred by several widths, so that it has no ridges along its middle.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.ground import find_ground_labels
from pipeline.inking.ink import find_seams
from pipeline.values import Painting

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

SIDE = 128  # px of the longer side at which heights are reckoned
WIDTHS = (2.0, 4.0)  # px at SIDE, by which the mask is blurred; wider ones would shade whole parts, not their rims
PARTS = 0.5  # height of the single parts, by the smaller widths, beside that of the whole
DOWN = 1.5  # how much more of the light comes from above than from the left
STEEP = 1.2  # slopes from about 1 / STEEP on are lit, or shaded, fully
LIGHT, SHADE = 0.13, 0.14  # how much of the way to white, and to black, at most
PAINTED = 0.3  # of the light falls where the person painted: those colours are to stay
GLOSS = 0.3  # of the light on black, beside that on white: black stays black


def light_painting(painting: Painting, painted: Mask | None = None) -> Painting:
    """Return a flat painting with light on what is drawn; the ground stays as it is, as does a painting with light.

    painted: (H, W), where the person painted. Deterministic; time is linear in pixels.
    """
    if not painting.is_flat:
        return painting
    is_thing = np.ones(int(painting.regions.max()) + 1, bool)
    is_thing[list(find_ground_labels(painting.regions))] = False
    thing = is_thing[painting.regions]
    if not thing.any():
        return painting
    light = measure_light(thing, painting.regions) * thing
    if painted is not None:
        light[painted] *= PAINTED
    colours = painting.colours.copy()
    left, top, width, height = cv2.boundingRect(thing.astype(np.uint8))
    box = np.s_[top : top + height, left : left + width]
    colours[box] = shine(colours[box], light[box])
    return replace(painting, colours=colours, is_flat=False)


def measure_light(thing: Mask, regions: NDArray[np.int32]) -> Plane:
    """Return how much light falls on each place of a thing, (H, W) in [-1, 1]: below 0 it lies in shade.

    thing: (H, W). regions: (H, W), its parts among others.
    """
    scale = SIDE / max(thing.shape)
    size = max(1, round(thing.shape[1] * scale)), max(1, round(thing.shape[0] * scale))
    whole = cv2.resize(thing.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    seams = cv2.resize(find_seams(regions).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    parts = np.asarray(whole * (1 - seams), np.float32)
    heights = np.asarray(inflate(whole, WIDTHS) + PARTS * inflate(parts, WIDTHS[:-1]), np.float32)
    slope = cv2.Sobel(heights, cv2.CV_32F, 1, 0) + DOWN * cv2.Sobel(heights, cv2.CV_32F, 0, 1)
    light = cv2.resize(np.tanh(STEEP * slope), thing.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(light, -1, 1), np.float32)


def inflate(mask: Plane, widths: tuple[float, ...]) -> Plane:
    """Return a height for each place of a mask (h, w) in [0, 1], in each of the widths up to 1."""
    return np.asarray(sum(cv2.GaussianBlur(mask, (0, 0), width) for width in widths), np.float32)


def shine(colours: NDArray[np.uint8], light: Plane) -> NDArray[np.uint8]:
    """Return colours (H, W, 3) RGB with light (H, W) in [-1, 1] on them; hues stay."""
    plain = colours.astype(np.float32)
    bright = (LIGHT * np.maximum(light, 0))[..., None] * (GLOSS + (1 - GLOSS) / 255 * plain)
    dark = (SHADE * np.minimum(light, 0))[..., None]
    return np.asarray(plain + (255 - plain) * bright + plain * dark + 0.5, np.uint8)
