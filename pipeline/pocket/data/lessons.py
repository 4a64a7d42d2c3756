"""Compose the pictures of lessons, of things that are drawn more or less often, and write their captions."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.compositions import Compose, compose_drawn, compose_pair, compose_sprite
from pipeline.pocket.data.landscapes import LANDSCAPES
from pipeline.pocket.data.part_canvas import Rng
from pipeline.pocket.data.stage import Stage, pick
from pipeline.pocket.data.vector_pack import PEOPLE, VectorPack

KINDS = ((compose_sprite, 0.44), (compose_drawn, 0.23), (compose_pair, 0.12))  # the rest are landscapes
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
LIKE_WORDS = {  # colour -> what people also call it, often the material
    "yellow": ("golden",),
    "brown": ("wooden", "wooden", "chocolate"),
    "gray": ("silver", "metal", "stone"),
    "red": ("crimson", "scarlet"),
}
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


class Curriculum:
    """Curriculum composes pictures of the things of a pack."""

    def __init__(self, pack: VectorPack, *, held_out: bool = False) -> None:
        self.pack = pack
        rows = np.flatnonzero(pack.held_out == held_out)
        names = np.array(pack.names)[rows]
        _, which, counts = np.unique(names, return_inverse=True, return_counts=True)
        favour = np.array([4.0 if name in FAVOURED else 0.2 if PEOPLE.match(name) else 1.0 for name in names])
        self.rows = rows
        self.chances = np.cumsum(favour / counts[which] ** 0.7)
        self.chances /= self.chances[-1]

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


def say_otherwise(found: re.Match[str], other: str) -> str:
    """Return another word for a colour, with the article that it takes."""
    article = "" if not found[1] else "an " if other[0] in "aeiou" else "a "
    return article + other


def write_caption(stage: Stage, rng: Rng) -> str:
    """Return the things, then the place, now and then a style, which changes no colour."""
    caption = pick(rng, FRAMES).format(" and ".join(stage.phrases) or "a picture")
    for word, others in LIKE_WORDS.items():
        if rng.random() < 0.2:
            caption = re.sub(rf"\b(an? )?{word}\b", partial(say_otherwise, other=pick(rng, others)), caption)
    if rng.random() < 0.5:
        caption = caption.replace("gray", "grey")
    if stage.place.words:
        caption = f"{stage.place.words}, {caption}" if rng.random() < 0.05 else f"{caption} {stage.place.words}"
    return f"{caption}, {pick(rng, STYLES)}" if rng.random() < STYLED else caption
