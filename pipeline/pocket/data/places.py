"""Where a picture is: the places that words name, and the quiet ground that an illustrator chooses in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.pocket.data import backdrops
from pipeline.pocket.data.backdrops import DAY, HALF, Sheet
from pipeline.pocket.data.part_canvas import SIDE, Float, Rng
from pipeline.pocket.data.skies import mask_below, paint_over


@dataclass(frozen=True, eq=False)
class Place:
    """A painted backdrop and what can be said of it."""

    image: Float  # (SIDE, SIDE, 3)
    name: str  # "sea"; empty for a quiet ground
    words: str  # "at the sea"; empty where there is nothing to say
    horizon: float  # share of the height; 1 where there is none
    land: Float | None  # the colour below the horizon, should it be drawn
    dim: float = 1.0  # light that falls on what stands there


PLACES: dict[str, tuple[Callable[[Sheet], None], tuple[str, ...]]] = {
    "meadow": (
        backdrops.meadow,
        (
            "in a meadow",
            "in a green field",
            "on the grass",
            "in the countryside",
            "in the grass",
            "on a hill",
            "in a park",
        ),
    ),
    "garden": (
        backdrops.spring,
        ("in the garden", "with a garden", "in spring", "in a flower meadow", "among flowers"),
    ),
    "sea": (backdrops.sea, ("on the sea", "at sea", "by the sea", "on the ocean", "on the water", "in the sea")),
    "beach": (backdrops.beach, ("on the beach", "at the beach", "on the sand", "on an island")),
    "snow": (backdrops.snow, ("in the snow", "in winter", "on the ice", "on a snowy day", "in a snowy landscape")),
    "forest": (backdrops.forest, ("in the forest", "in the woods", "in a deep forest", "in the jungle", "among trees")),
    "desert": (backdrops.desert, ("in the desert", "on the dunes", "in a sandy desert")),
    "night": (backdrops.night, ("at night", "under the stars", "in the moonlight", "at midnight", "under the moon")),
    "sunset": (backdrops.sunset, ("at sunset", "in the evening", "at dusk", "at sunrise", "in the evening light")),
    "city": (backdrops.city, ("in the city", "in a big city", "in town", "downtown")),
    "neon city": (
        backdrops.neon_city,
        ("in a neon city", "in the neon lights", "in a cyberpunk city", "in a futuristic city at night"),
    ),
    "space": (backdrops.space, ("in space", "among the stars", "flying to the stars", "in outer space")),
    "under water": (
        backdrops.under_water,
        ("under water", "underwater", "in the deep sea", "in the sea", "in the ocean"),
    ),
    "room": (
        backdrops.room,
        ("in a room", "on a table", "on a wooden table", "indoors", "in the kitchen", "on the floor", "at home"),
    ),
    "pond": (backdrops.pond, ("on a pond", "on a lake", "by the lake", "at the river")),
    "mountains": (backdrops.mountains, ("in the mountains", "in the hills", "in front of mountains")),
    "street": (backdrops.street, ("on a road", "on the street", "on the road")),
    "rain": (backdrops.rain, ("in the rain", "on a rainy day")),
    "sky": (backdrops.open_sky, ("in the sky", "above the clouds", "in the air", "flying in the sky")),
    "autumn": (backdrops.autumn, ("in autumn", "in the fall", "on an autumn day")),
}


def draw_place(name: str, rng: Rng, horizon: float | None = None) -> Place:
    """Paint a place. `horizon`: where it begins, a share of the height; chance without."""
    paint, words = PLACES[name]
    sheet = Sheet(rng, rng.uniform(0.55, 0.82) if horizon is None else horizon)
    paint(sheet)
    return Place(enlarge(sheet.image), name, words[int(rng.integers(len(words)))], sheet.horizon, sheet.land, sheet.dim)


TINTS = ("fdf6e7", "f3f8fb", "fbeff0", "f2f8ee", "f6f1fa", "fff8dc", "e9f4f8", "fcefe0", "eef3e6")


def draw_quiet(rng: Rng, stands: str, horizon: float | None = None) -> Place:
    """The ground that no words name: paper, a pale tint, or a light sky over grass or a table."""
    line = rng.uniform(0.6, 0.85) if horizon is None else horizon
    sheet = Sheet(rng, line)
    kind = rng.random()
    if kind < 0.1:
        sheet.horizon = 1.0
    elif kind < 0.45 or stands in {"face", "sky"}:
        pale = TINTS[int(rng.integers(len(TINTS)))]
        sheet.sky(
            *(DAY if stands == "sky" and rng.random() < 0.7 else ((pale, pale), (pale, "ffffff"), ("ffffff", pale)))
        )
        if stands not in {"face", "sky"} and rng.random() < 0.6:
            sheet.land = np.clip(sheet.image[-1, 0] * 0.93, 0, 1)
            paint_over(sheet.image, mask_below(HALF, np.full(HALF, HALF * line, np.float32), 2), sheet.land)
        else:
            sheet.horizon = 1.0
    elif stands == "table":
        sheet.sky(("f7eee0", "f3e8d6"), ("e9f1f4", "e1ecf0"), ("fbeee6", "f8e6db"), ("f1f4e6", "e9eeda"))
        sheet.ground("d8b083", "c9a075", "e3c9a4", "d9c4a8")
    elif stands in {"water", "night"}:
        (backdrops.sea if stands == "water" else backdrops.night)(sheet)
    elif stands == "road" and rng.random() < 0.6:
        backdrops.street(sheet)
    else:
        sheet.sky(("bfe3f5", "f1f9fb"), ("cfeaf6", "f8fbf6"), ("b4ddf3", "e9f6fb"))
        sheet.ground("a9d688", "b8dd98", "9ccf7a", "c2dfa0", hills=0.012)
    return Place(enlarge(sheet.image), "", "", sheet.horizon, sheet.land)


def enlarge(image: Float) -> Float:
    return np.clip(np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.float32), 0, 1)
