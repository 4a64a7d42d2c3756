"""Draw people's poses as OpenPose's coloured skeletons of 18 points, which ControlNet's openpose was shown."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Person = NDArray[np.float32]  # (18, 3): x and y in px, and how sure it is, in [0, 1]

POINTS = (  # COCO's order as OpenPose has it (Cao et al. 2017)
    *("nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist"),
    *("right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle"),
    *("right eye", "left eye", "right ear", "left ear"),
)
LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)
COLOURS = (
    *((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0)),
    *((0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255)),
    *((170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)),
)
SEEN = 0.5  # a point that is less sure is not drawn
LIMB_SHADE = 0.6  # of a colour: joints lie brighter on the limbs
RADIUS = 4 / 512  # of a joint, and half of a limb's width, shares of the longer side


def draw_skeletons(people: Sequence[Person], width: int, height: int) -> Pixels:
    """Draw each person on black, (height, width, 3) RGB; a limb where both of its ends were seen."""
    canvas = np.zeros((height, width, 3), np.uint8)
    radius = max(1, round(RADIUS * max(width, height)))
    for person in people:
        for (start, end), colour in zip(LIMBS, COLOURS, strict=False):
            if min(person[start, 2], person[end, 2]) >= SEEN:
                draw_limb(canvas, person[start, :2], person[end, :2], radius, shade(colour))
    for person in people:
        for (x, y, seen), colour in zip(person, COLOURS, strict=True):
            if seen >= SEEN:
                cv2.circle(canvas, (int(x), int(y)), radius, colour, thickness=-1)
    return canvas


def draw_limb(
    canvas: Pixels, start: NDArray[np.float32], end: NDArray[np.float32], radius: int, colour: tuple[int, ...]
) -> None:
    """Draw a slender ellipse from joint to joint."""
    middle, along = (start + end) / 2, end - start
    axes = (int(np.hypot(*along) / 2), radius)
    angle = int(np.degrees(np.arctan2(along[1], along[0])))
    outline = cv2.ellipse2Poly((int(middle[0]), int(middle[1])), axes, angle, 0, 360, 1)
    cv2.fillConvexPoly(canvas, outline, colour)


def shade(colour: tuple[int, ...]) -> tuple[int, ...]:
    """Return a limb's shade of a colour."""
    return tuple(int(each * LIMB_SHADE) for each in colour)


def count_seen(person: Person) -> int:
    """Return how many of a person's points were seen."""
    return int((person[:, 2] >= SEEN).sum())
