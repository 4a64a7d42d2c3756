"""One lesson for the colourist: a drawing, words, perhaps colours that a person put there, and the truth."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.compositions import Compose, compose_drawn, compose_pair, compose_sprite
from pipeline.pocket.data.hand_lines import draw_lines, smooth_target, weigh_parts
from pipeline.pocket.data.landscapes import LANDSCAPES
from pipeline.pocket.data.paints import USUAL, to_rgb
from pipeline.pocket.data.part_canvas import SIDE, Canvas, Float, Rng
from pipeline.pocket.data.stage import Stage, pick
from pipeline.pocket.data.vector_pack import PEOPLE, VectorPack

FIELD = 64  # px of a colour field
KINDS = ((compose_sprite, 0.44), (compose_drawn, 0.23), (compose_pair, 0.12))  # the rest are landscapes
PAINTED = 0.22  # share of lessons with colours that the person put there
SURPRISED = 0.35  # share of those whose colours are not the usual ones
STYLED = 0.15  # share of captions with words of a style, which change nothing
STYLES = (
    "watercolour",
    "oil painting",
    "comic book",
    "pixel art",
    "in Ghibli style",
    "stained glass",
    "pencil drawing",
    "children's book illustration",
    "low poly",
    "mosaic",
    "japanese woodblock print",
    "digital art",
    "crayon drawing",
)
FRAMES = ("{}", "{}", "{}", "{}", "a drawing of {}", "a picture of {}", "{}, illustration")
FAVOURED = {
    "cat",
    "dog",
    "fish",
    "bird",
    "fox",
    "owl",
    "rabbit",
    "horse",
    "cow",
    "pig",
    "duck",
    "frog",
    "bear",
    "lion",
    "tiger",
    "elephant",
    "penguin",
    "turtle",
    "snail",
    "bee",
    "butterfly",
    "octopus",
    "whale",
    "crab",
    "snake",
    "mouse",
    "giraffe",
    "house",
    "automobile",
    "bus",
    "bicycle",
    "rocket",
    "airplane",
    "sailboat",
    "locomotive",
    "castle",
    "tulip",
    "rose",
    "sunflower",
    "cherry blossom",
    "mushroom",
    "cactus",
    "palm tree",
    "evergreen tree",
    "deciduous tree",
    "red apple",
    "banana",
    "strawberry",
    "cherries",
    "pizza",
    "hot beverage",
    "birthday cake",
    "soft ice cream",
    "guitar",
    "umbrella",
    "balloon",
    "robot",
    "ghost",
    "snowman",
    "teapot",
    "key",
    "star",
    "sun",
    "cloud",
    "dragon",
    "unicorn",
    "girl",
    "boy",
    "woman",
    "man",
    "baby",
    "jack o lantern",
    "tent",
    "camping",
    "glasses",
    "dove",
    "snow capped mountain",
    "cat face",
}


@dataclass(frozen=True, eq=False)
class Lesson:
    field: NDArray[np.uint8]  # (FIELD, FIELD, 3) RGB, the truth
    weights: Float  # (FIELD, FIELD), mean 1
    lines: NDArray[np.uint8]  # (SIDE, SIDE) of 0 and 255
    colours: NDArray[np.uint8]  # (SIDE, SIDE, 3) RGB that the person painted
    painted: NDArray[np.bool_]  # (SIDE, SIDE) where
    caption: str
    names: tuple[str, ...]  # the things in it, and the place, for their palettes


class Curriculum:
    """Lessons about the things of a pack, by a seed each."""

    def __init__(self, pack: VectorPack, *, held_out: bool = False) -> None:
        self.pack = pack
        rows = np.flatnonzero(pack.held_out == held_out)
        names = np.array(pack.names)[rows]
        _, which, counts = np.unique(names, return_inverse=True, return_counts=True)
        favour = np.array([4.0 if name in FAVOURED else 0.2 if PEOPLE.match(name) else 1.0 for name in names])
        self.rows = rows
        self.chances = np.cumsum(favour / counts[which] ** 0.7)
        self.chances /= self.chances[-1]

    def make(self, seed: int | list[int]) -> Lesson:
        rng = np.random.default_rng(seed)
        return teach(self.compose(rng), rng)

    def compose(self, rng: Rng) -> Stage:
        """Compose the picture of one lesson."""
        return choose_kind(rng)(self.pack, self._choose(rng), rng)

    def _choose(self, rng: Rng) -> NDArray[np.int64]:
        return np.asarray(self.rows[np.searchsorted(self.chances, rng.random(4))], np.int64)


def choose_kind(rng: Rng) -> Compose:
    chance = rng.random()
    for kind, share in KINDS:
        if chance < share:
            return kind
        chance -= share
    weights = np.array([share for _, share in LANDSCAPES])
    return LANDSCAPES[int(rng.choice(len(LANDSCAPES), p=weights / weights.sum()))][0]


def teach(stage: Stage, rng: Rng) -> Lesson:
    canvas = stage.canvas
    lines = draw_lines(canvas, rng)
    colours, painted = np.zeros((SIDE, SIDE, 3), np.uint8), np.zeros((SIDE, SIDE), bool)
    if rng.random() < PAINTED:
        surprises = surprise(canvas, rng) if rng.random() < SURPRISED else []
        colours, painted = paint_over(canvas, lines, surprises, rng)
    field = light(smooth_target(canvas.colours, FIELD), rng)
    names = (*dict.fromkeys(stage.names), *((stage.place.name,) if stage.place.name else ()))
    return Lesson(field, weigh_parts(canvas, FIELD), lines, colours, painted, write_caption(stage, rng), names)


def light(field: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """The same under a soft light that falls across it."""
    slope = rng.normal(0, 0.03, 2)
    ramp = np.linspace(-0.5, 0.5, len(field))
    lit = field * (1 + slope[0] * ramp[:, None, None] + slope[1] * ramp[None, :, None])
    return np.asarray(np.clip(np.round(lit), 0, 255), np.uint8)


def write_caption(stage: Stage, rng: Rng) -> str:
    """The things, then the place, now and then a style that is not meant for the colourist."""
    caption = pick(rng, FRAMES).format(" and ".join(stage.phrases) or "a picture")
    if rng.random() < 0.5:
        caption = caption.replace("gray", "grey")
    if rng.random() < 0.2:
        caption = re.sub(r"\b(?:a )?yellow\b", "golden", caption)
    if stage.place.words:
        caption = f"{stage.place.words}, {caption}" if rng.random() < 0.05 else f"{caption} {stage.place.words}"
    return f"{caption}, {pick(rng, STYLES)}" if rng.random() < STYLED else caption


def surprise(canvas: Canvas, rng: Rng) -> list[int]:
    """Give one to three parts colours that no word names: only the person's paint can tell. Returns the parts."""
    areas = np.bincount(canvas.parts.ravel(), minlength=canvas.count + 1)
    large = [int(n) for n in np.flatnonzero(areas > 150) if n]
    chosen = [int(part) for part in rng.permutation(large)[: int(rng.integers(1, 4))]]
    for part in chosen:
        codes = USUAL[("paint", "balloon", "petal", "cloth", "wing")[int(rng.integers(5))]]
        colour = to_rgb(codes[int(rng.integers(len(codes)))])
        inside = canvas.parts == part
        shade = canvas.colours[inside].mean(-1, keepdims=True)
        canvas.colours[inside] = np.clip(colour * (1 + 0.5 * (shade - shade.mean())), 0, 1)
    return chosen


def paint_over(
    canvas: Canvas, lines: NDArray[np.uint8], always: list[int], rng: Rng
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """What a person may have painted of it: filled parts, scribbles in them, coloured outlines, or single spots."""
    areas = np.bincount(canvas.parts.ravel(), minlength=canvas.count + 1)
    chosen = [int(n) for n in np.flatnonzero(areas > 30) if n or rng.random() < 0.3]
    share = rng.uniform(0.1, 1.0)
    chosen = [n for n in chosen if rng.random() < share] + always
    way = rng.random() * (0.75 if always else 1)
    touched = np.isin(canvas.parts, chosen)
    if way < 0.35:
        painted = touched
    elif way < 0.75:
        painted = touched & (scribble(rng) | np.isin(canvas.parts, [n for n in always if areas[n] < 900]))
    elif way < 0.9:
        painted = touched & (cv2.dilate(lines, np.ones((5, 5), np.uint8)) > 0)
    else:
        painted = touched & (
            cv2.dilate((rng.random((SIDE, SIDE)) < 0.0006).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        )
    flat = canvas.parts.ravel()
    means = np.stack([np.bincount(flat, canvas.colours[..., n].ravel(), canvas.count + 1) for n in range(3)], -1)
    means = np.clip(means / np.maximum(areas, 1)[:, None] + rng.normal(0, 0.015, means.shape), 0, 1)
    colours = np.round(255 * means[canvas.parts]).astype(np.uint8)
    return colours * painted[..., None], painted


def scribble(rng: Rng) -> NDArray[np.bool_]:
    """Strokes to and fro over the whole sheet."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    step, angle = rng.uniform(7, 22), rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    rows = np.arange(-190, 190, step)
    spots = [128 + across * row + along * (-190 if n % 2 else 190) + rng.normal(0, 3, 2) for n, row in enumerate(rows)]
    thick = int(rng.integers(3, 10))
    cv2.polylines(mask, [np.round(spots).astype(np.int32)], False, 1, thick)
    return mask > 0
