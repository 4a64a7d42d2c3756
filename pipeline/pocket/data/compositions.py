"""Whole pictures of things that people draw: one drawing of the pack, one drawn by code, or two side by side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.pocket.data.drawn_things import DRAWN
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Rng
from pipeline.pocket.data.places import PLACES, draw_place, draw_quiet
from pipeline.pocket.data.stage import Stage, pick
from pipeline.pocket.data.vector_pack import VectorPack

PLACED = 0.5  # share of pictures whose words name a place
OUTDOORS = ("meadow", "garden", "snow", "autumn", "sunset", "night", "forest", "mountains", "rain", "desert", "beach")
WET = ("sea", "pond", "beach", "sky", "under water")  # no tree grows there
COMMON = (
    "cat",
    "dog",
    "house",
    "tree",
    "car",
    "flower",
    "fish",
    "boat",
    "sun",
    "bird",
    "butterfly",
    "person",
    "apple",
    "fox",
    "rabbit",
    "horse",
    "castle",
    "mushroom",
    "snowman",
    "rocket",
    "train",
    "cup",
    "cake",
    "balloon",
    "umbrella",
)


def open_stage(rng: Rng, stands: str = "land", choices: tuple[str, ...] = (), horizon: float | None = None) -> Stage:
    """A place that the words name, or a quiet one."""
    if rng.random() < PLACED:
        every = choices or tuple(PLACES)
        return Stage(rng, draw_place(pick(rng, every), rng, horizon))
    return Stage(rng, draw_quiet(rng, stands, horizon))


def compose_sprite(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """One drawing of the pack, large, somewhere."""
    stage = open_stage(rng)
    if rng.random() < 0.35:
        stage.draw_ground()
    size = rng.uniform(0.5, 0.92)
    middle = find_middle(stage, size, rng)
    if stage.place.horizon < 1 and rng.random() < 0.3:
        add_company(stage, rng)
    stage.add_sprite(pack, int(rows[rng.integers(len(rows))]), middle, size, float(rng.normal(0, 0.06)))
    if stage.place.horizon < 1 and rng.random() < 0.2:
        stage.add_strokes("grass", int(rng.integers(2, 7)), (0.05, min(0.93, middle[1] + size / 2 - 0.05), 0.95, 0.97))
    return stage


def find_middle(stage: Stage, size: float, rng: Rng) -> tuple[float, float]:
    """Where a thing of that size goes: on the ground, where there is one, and whole."""
    free = (1 - size) / 2
    x = 0.5 + rng.uniform(-free, free) * 0.9
    if stage.place.horizon >= 1:
        return x, 0.5 + rng.uniform(-free, free) * 0.9
    foot = min(0.97, stage.place.horizon + rng.uniform(0.03, 0.2))
    return x, float(np.clip(foot - size / 2, size / 2 + 0.01, 1 - size / 2))


def add_company(stage: Stage, rng: Rng) -> None:
    """What belongs into a picture outdoors and needs no word: sun or moon, clouds, a tree far off, birds."""
    if stage.place.name in {"room", "space", "under water", "city", "neon city"}:
        return
    night = stage.place.name == "night"
    kept, said = len(stage.names), len(stage.phrases)
    if rng.random() < 0.6:
        size = rng.uniform(0.13, 0.22)
        stage.add_drawn("moon" if night else "sun", pick_side(rng, size), rng.uniform(0.02, 0.1), size, said=False)
    for _ in range(int(rng.integers(0, 3))):
        size = rng.uniform(0.14, 0.26)
        stage.add_drawn(
            "star" if night else "cloud",
            rng.uniform(0, 1 - size),
            rng.uniform(0.03, 0.18),
            size * (0.4 if night else 1),
            said=False,
        )
    if rng.random() < 0.3 and stage.place.name not in WET:
        size = rng.uniform(0.15, 0.24)
        key = pick(rng, ("tree", "fir"))
        foot = stage.place.horizon + rng.uniform(0, 0.05)
        stage.add_drawn(key, pick_side(rng, size), foot - size / DRAWN[key].shape, size, said=False)
    if rng.random() < 0.3 and not night:
        stage.add_strokes("birds", int(rng.integers(2, 5)), (0.1, 0.08, 0.9, 0.3))
    del stage.names[kept:], stage.phrases[said:]


def pick_side(rng: Rng, size: float) -> float:
    return float(rng.uniform(0.02, 0.12)) if rng.random() < 0.5 else float(rng.uniform(0.88, 0.98)) - size


def compose_drawn(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """One thing that code draws, in the middle."""
    key = pick(rng, COMMON if rng.random() < 0.5 else tuple(DRAWN))
    thing = DRAWN[key]
    choices = {
        "water": ("sea", "pond") if key != "fish" else ("under water", "under water", "pond", "sea"),
        "road": ("street", "street", "city", "neon city", "night", "snow", "meadow"),
        "table": ("room", "room", "garden", "meadow", "night"),
        "sky": ("sky", "sunset", "night", "garden", "meadow", "space", "rain"),
    }.get(thing.stands, (*OUTDOORS, "city", "neon city", "room", "space"))
    if key == "rocket":
        choices = ("space", "space", "night", "sky")
    stage = open_stage(rng, thing.stands, choices)
    if rng.random() < 0.5:
        stage.draw_ground()
    width = min(rng.uniform(0.5, 0.86), 0.9 * thing.shape)
    if stage.place.horizon < 1 and rng.random() < 0.35:
        add_company(stage, rng)
    size = width / thing.shape
    x, y = find_middle(stage, max(width, size), rng)
    if rng.random() < 0.08 and thing.stands == "land":
        rug = Box(x - 0.42, y + size / 2 - 0.12, 0.84, 0.2, rng)
        stage.canvas.fill(rug.oval(0.5, 0.5, 0.5, 0.5), Paints(rng)("cloth"))
    stage.add_drawn(key, x - width / 2, y - size / 2, width)
    if key == "boat" or stage.place.name == "sea":
        stage.add_strokes("waves", int(rng.integers(2, 8)), (0.1, min(0.9, y + size / 2 - 0.04), 0.9, 0.97))
    elif rng.random() < 0.25:
        stage.add_strokes("grass", int(rng.integers(2, 8)), (0.05, min(0.93, y + size / 2 - 0.03), 0.95, 0.98))
    if key == "umbrella" and rng.random() < 0.5:
        stage.add_strokes("rain", 12, (0.02, 0.05, 0.98, 0.9))
    return stage


def compose_pair(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """Two things side by side, each with words of its own."""
    stage = open_stage(rng)
    if rng.random() < 0.4:
        stage.draw_ground()
    for x in (0.27, 0.73):
        if rng.random() < 0.45:
            key = pick(rng, COMMON)
            width = min(0.42, 0.44 * DRAWN[key].shape)
            height = width / DRAWN[key].shape
            foot = min(0.96, (stage.place.horizon if stage.place.horizon < 1 else 0.72) + 0.08)
            stage.add_drawn(key, x - width / 2, foot - height, width)
        else:
            size = rng.uniform(0.36, 0.46)
            row = int(rows[rng.integers(len(rows))])
            stage.add_sprite(pack, row, (x, find_middle(stage, size, rng)[1]), size)
    stage.phrases = [" and ".join(stage.phrases)]
    return stage


Compose = Callable[[VectorPack, np.ndarray, Rng], Stage]
