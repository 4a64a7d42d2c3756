"""Scenes as children and illustrators draw them: a house under the sun, a boat on waves, flowers on a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.pocket.data.compositions import add_company, open_stage
from pipeline.pocket.data.drawn_buildings import draw_flower, draw_vase
from pipeline.pocket.data.drawn_things import DRAWN
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Rng
from pipeline.pocket.data.places import draw_place, draw_quiet
from pipeline.pocket.data.stage import Stage, choose_wish, pick, with_article
from pipeline.pocket.data.vector_pack import VectorPack

COUNTRY = ("meadow", "meadow", "garden", "snow", "autumn", "sunset", "night", "forest", "mountains", "rain")


def compose_country(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """A house, trees beside it, sun and clouds above, a path and flowers before it."""
    stage = open_stage(rng, "land", COUNTRY, rng.uniform(0.66, 0.82))
    line = stage.place.horizon if stage.place.horizon < 1 else 0.76
    if rng.random() < 0.75:
        stage.draw_ground()
    add_company(stage, rng)
    width = rng.uniform(0.36, 0.6)
    height = width / DRAWN["house"].shape
    left = rng.uniform(0.08, 0.92 - width)
    foot = line + rng.uniform(0.0, 0.06)
    trees = [left - rng.uniform(0.2, 0.3), left + width - rng.uniform(-0.02, 0.05)]
    beside = [x for x in trees if 0 <= x <= 0.76 and rng.random() < 0.75]
    for x in beside[:1]:
        add_tree(stage, x, foot, rng, said=rng.random() < 0.5)
    stage.add_drawn("house", left, foot - height, width)
    for x in beside[1:]:
        add_tree(stage, x, foot + 0.02, rng, said=False)
    if rng.random() < 0.45:
        door = left + width * 0.5
        way = [(door - 0.03, foot), (door + 0.04, foot), (door + 0.12, 1.01), (door - 0.06, 1.01)]
        stage.canvas.fill(Box(0, 0, 1, 1, rng, 0.008).at(way), Paints(rng)("path"), 0.1)
    add_details(stage, foot, rng)
    stage.phrases = [" and ".join(reversed(stage.phrases))] if rng.random() < 0.7 else stage.phrases[-1:]
    return stage


def add_tree(stage: Stage, left: float, foot: float, rng: Rng, said: bool) -> None:
    key = pick(rng, ("tree", "tree", "tree", "fir"))
    size = rng.uniform(0.22, 0.34)
    stage.add_drawn(key, left, foot - size / DRAWN[key].shape, size, said=said)


def add_details(stage: Stage, foot: float, rng: Rng) -> None:
    """Flowers and tufts of grass in front."""
    if foot > 0.9:
        return
    for _ in range(int(rng.integers(0, 4))):
        size = rng.uniform(0.05, 0.1)
        box = Box(rng.uniform(0.02, 0.9), rng.uniform(foot, 0.97) - size, size * 0.7, size, rng, 0.02)
        draw_flower(stage.canvas, box, Paints(rng), rng)
    stage.add_strokes("grass", int(rng.integers(0, 8)), (0.03, foot + 0.03, 0.97, 0.98))


def compose_sea(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """A boat on waves, the sun, birds; sometimes an island."""
    horizon = rng.uniform(0.5, 0.78)
    place = draw_place(("sea", "sea", "sunset", "night", "beach")[int(rng.integers(5))], rng, horizon)
    stage = Stage(rng, place if rng.random() < 0.7 else draw_quiet(rng, "water", horizon))
    water = draw_place("sea", rng, horizon).land
    if water is not None:
        box = Box(0, 0, 1, 1, rng, 0.0)
        top = np.stack(
            [np.linspace(-0.02, 1.02, 22), horizon + 0.012 * np.sin(np.linspace(0, rng.uniform(6, 40), 22))], -1
        )
        tone = water * {"night": 0.5, "sunset": 0.8}.get(stage.place.name, 1.0)
        shape = np.vstack([box.curve(top), [(1.02, 1.02), (-0.02, 1.02)]])
        stage.canvas.fill(shape, tone, 0.2, quiet=bool(rng.random() < 0.4))
    add_sky(stage, rng)
    width = rng.uniform(0.4, 0.66)
    foot = min(0.95, horizon + rng.uniform(0.05, 0.15))
    stage.add_drawn("boat", rng.uniform(0.05, 0.95 - width), foot - width / DRAWN["boat"].shape, width)
    stage.add_strokes("waves", int(rng.integers(3, 14)), (0.05, foot - 0.02, 0.95, 0.98))
    return stage


def add_sky(stage: Stage, rng: Rng) -> None:
    """Sun or moon, clouds and birds over water, where no tree grows."""
    place, stage.place = stage.place, replace(stage.place, name="night" if stage.place.name == "night" else "sea")
    add_company(stage, rng)
    stage.place = place


def compose_island(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    horizon = rng.uniform(0.55, 0.72)
    stage = Stage(rng, draw_place(("sea", "beach", "sunset")[int(rng.integers(3))], rng, horizon))
    if rng.random() < 0.5:
        stage.draw_ground()
    add_company(stage, rng)
    box, paints = Box(0, 0, 1, 1, rng, 0.01), Paints(rng)
    foot = horizon + rng.uniform(0.08, 0.16)
    heap = [(0.1, foot + 0.12), (0.3, foot), (0.5, foot - 0.03), (0.7, foot), (0.9, foot + 0.12), (0.5, foot + 0.17)]
    stage.canvas.fill(box.curve(heap, closed=True), paints("sand"), 0.1)
    stage.add_drawn("palm", 0.24, foot - 0.52, 0.5)
    stage.add_strokes("waves", int(rng.integers(2, 8)), (0.05, foot + 0.08, 0.95, 0.98))
    stage.phrases = [f"{stage.phrases[-1]} on a small island" if rng.random() < 0.5 else stage.phrases[-1]]
    return stage


def compose_still_life(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """Flowers in a vase on a table, each with a colour word now and then."""
    horizon = rng.uniform(0.7, 0.88)
    stage = Stage(rng, draw_place("room", rng, horizon) if rng.random() < 0.4 else draw_quiet(rng, "table", horizon))
    if rng.random() < 0.75:
        stage.draw_ground()
    vase, flower = DRAWN["vase"], DRAWN["flower"]
    both = rng.random()
    flowers = choose_wish(flower, rng) if both < 0.6 else {}
    flowers.pop("stem", None)
    wish = choose_wish(vase, rng) if both > 0.4 else {}
    width = rng.uniform(0.24, 0.36)
    top = rng.uniform(0.5, 0.6)
    foot = min(0.97, horizon + 0.08)
    paints = Paints(rng, flowers)
    for x in np.linspace(-1, 1, int(rng.integers(2, 6))) * rng.uniform(0.8, 1.2):
        size = rng.uniform(0.3, 0.36)
        own = paints if rng.random() < 0.75 or flowers else Paints(rng)
        frame = Box(0.5 + x * 0.25 - size / 2, top - 0.42 + 0.08 * x * x, size, size * 0.95, rng, 0.012)
        stem = Box(0, 0, 1, 1, rng, 0.004)
        neck = (0.5 + x * 0.03, top + 0.03)
        head = (0.5 + x * 0.25, top - 0.25 + 0.08 * x * x)
        thick = np.array([(0.008, 0), (-0.008, 0)])
        stage.canvas.fill(stem.at(np.vstack([neck + thick, (head + thick)[::-1]])), paints("stem"))
        draw_flower(stage.canvas, frame, own, rng, stem=False)
    pots = Paints(rng, wish)
    draw_vase(stage.canvas, Box(0.5 - width / 2, top, width, foot - top, rng), pots, rng)
    told = flowers.get("petals") if rng.random() < 0.9 else None
    many = f"{told} flowers" if told else pick(rng, ("flowers", "flowers", "a bunch of flowers", "daisies"))
    word = wish.get("vase")
    stage.phrases = [f"{many} in {with_article(f'{word} vase' if word else 'vase', rng)}"]
    stage.names += ["flower", "vase"]
    return stage


def compose_mountains(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """Peaks with snow on them, firs, a lake, sun and clouds."""
    horizon = rng.uniform(0.55, 0.75)
    name = ("meadow", "snow", "sunset", "night", "autumn", "meadow")[int(rng.integers(6))]
    named = rng.random() < 0.6
    stage = Stage(rng, draw_place(name, rng, horizon) if named else draw_quiet(rng, "land", horizon))
    if stage.place.horizon >= 1:
        stage = Stage(rng, draw_place("meadow", rng, horizon))
        named = False
    add_company(stage, rng)
    box, paints = Box(0, 0, 1, 1, rng, 0.006), Paints(rng)
    snowy = rng.random() < 0.75
    dim = {"night": 0.55, "sunset": 0.9}.get(stage.place.name, 1.0)
    for x in rng.permutation([(0.25, 0.3), (0.62, 0.22), (0.9, 0.4)])[: int(rng.integers(2, 4))]:
        draw_peak(stage, box, float(x[0] + rng.normal(0, 0.05)), float(x[1]), horizon, paints, rng, snowy, dim)
    if rng.random() < 0.8:
        stage.draw_ground()
    if rng.random() < 0.5:
        lake = box.oval(rng.uniform(0.35, 0.65), (horizon + 1) / 2 + 0.03, rng.uniform(0.2, 0.42), (1 - horizon) * 0.32)
        stage.canvas.fill(lake, paints("water") * dim, 0.15)
        stage.add_strokes("waves", int(rng.integers(1, 5)), (0.4, (horizon + 1) / 2, 0.6, (horizon + 1) / 2 + 0.06))
        if rng.random() < 0.4:
            stage.phrases.append("a lake")
    for _ in range(int(rng.integers(0, 6))):
        size = rng.uniform(0.08, 0.17)
        stage.add_drawn("fir", rng.uniform(0, 0.9), horizon + rng.uniform(0.0, 0.14) - size / 0.65, size, said=False)
    words = (
        ("snowy mountains", "snow capped mountains", "mountains with snow")
        if snowy
        else ("mountains", "mountains", "green hills and mountains")
    )
    stage.names = ["mountains"]
    stage.phrases = [" and ".join([pick(rng, words), *stage.phrases])]
    return stage


def draw_peak(
    stage: Stage, box: Box, x: float, top: float, foot: float, paints: Paints, rng: Rng, snowy: bool, dim: float
) -> None:
    half = (foot - top) * rng.uniform(0.55, 0.85)
    slope = [(x - half, foot + 0.01), (x, top), (x + half, foot + 0.01)]
    stage.canvas.fill(box.at(slope), paints("mountain", "rock") * dim, 0.25)
    if snowy:
        share = rng.uniform(0.25, 0.4)
        low = top + share * (foot - top)
        left, right = x - half * share, x + half * share
        jag = [
            (right, low),
            (x + half * share * 0.5, low - 0.03),
            (x + 0.02, low + 0.03),
            (x - half * share * 0.45, low - 0.03),
            (left, low),
        ]
        stage.canvas.fill(box.at([(x, top), *jag]), paints("snow") * max(dim, 0.75))
    elif rng.random() < 0.6:
        stage.canvas.draw(box.at([(x, top + 0.04), (x + 0.03, top + 0.12), (x + 0.01, top + 0.2)]))


def compose_street(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """A car or a bus on a road with its dashes."""
    horizon = rng.uniform(0.64, 0.76)
    stage = open_stage(
        rng, "road", ("street", "street", "city", "city", "neon city", "night", "rain", "sunset"), horizon
    )
    add_company(stage, rng)
    box, key = Box(0, 0, 1, 1, rng, 0.004), pick(rng, ("car", "car", "bus"))
    if rng.random() < 0.6:
        band = (horizon, 1.02) if rng.random() < 0.5 else (horizon, horizon + 0.22)
        tone = Paints(rng)("road") * (0.6 if "night" in stage.place.name or "neon" in stage.place.name else 1)
        stage.canvas.fill(box.at([(-0.02, band[0]), (1.02, band[0]), (1.02, band[1]), (-0.02, band[1])]), tone)
    for x in np.arange(rng.uniform(0, 0.1), 1, 0.2) if rng.random() < 0.6 else ():
        stage.canvas.draw(box.at([(x, horizon + 0.15), (x + 0.1, horizon + 0.15)]), (0.96, 0.95, 0.9), 0.012)
    width = rng.uniform(0.5, 0.8)
    height = width / DRAWN[key].shape
    stage.add_drawn(key, rng.uniform(0.04, 0.96 - width), horizon + rng.uniform(0.04, 0.12) - height, width)
    return stage


def compose_aquarium(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """A fish among weeds and bubbles."""
    named = rng.random() < 0.8
    place = draw_place("under water", rng, rng.uniform(0.78, 0.88)) if named else draw_quiet(rng, "sky")
    stage = Stage(rng, place)
    if rng.random() < 0.5:
        stage.draw_ground()
    box, paints = Box(0, 0, 1, 1, rng, 0.008), Paints(rng)
    for x in rng.uniform(0.04, 0.96, int(rng.integers(0, 7))):
        top = rng.uniform(0.6, 0.85)
        line = [(x, 1), (x + 0.03, (1 + 2 * top) / 3), (x - 0.02, (2 + top) / 3 - 0.1), (x + 0.02, top)]
        if rng.random() < 0.5:
            stage.canvas.draw(box.curve(line), paints("weed", "leaf"), 0.02)
        else:
            wide = [(spot + 0.025, height) for spot, height in line]
            stage.canvas.fill(box.curve([*line, *wide[::-1]], closed=True), paints("weed", "leaf"))
    width = rng.uniform(0.45, 0.72)
    stage.add_drawn("fish", rng.uniform(0.06, 0.94 - width), rng.uniform(0.15, 0.4), width)
    for x, y in rng.uniform((0.05, 0.05), (0.95, 0.5), (int(rng.integers(0, 7)), 2)):
        size = rng.uniform(0.008, 0.025)
        stage.canvas.fill(box.oval(x, y, size, size), (0.82, 0.94, 0.98))
    return stage


def compose_garden(pack: VectorPack, rows: np.ndarray, rng: Rng) -> Stage:
    """Flowers in a row, perhaps with a butterfly."""
    stage = open_stage(rng, "land", ("garden", "meadow", "sunset", "snow"), rng.uniform(0.72, 0.86))
    if rng.random() < 0.6:
        stage.draw_ground()
    add_company(stage, rng)
    foot = (stage.place.horizon if stage.place.horizon < 1 else 0.85) + 0.08
    size, count = rng.uniform(0.24, 0.36), int(rng.integers(2, 4))
    wish = choose_wish(DRAWN["flower"], rng)
    paints = Paints(rng, {part: word for part, word in wish.items() if part == "petals"})
    for x in np.linspace(0.06, 0.94 - size, count):
        box = Box(float(x), foot - size / 0.6, size, size / 0.6, rng)
        draw_flower(stage.canvas, box, paints if "petals" in wish else Paints(rng), rng)
    stage.phrases, stage.names = [f"{wish['petals']} flowers" if "petals" in wish else "flowers"], ["flower"]
    if rng.random() < 0.3:
        stage.add_drawn("butterfly", rng.uniform(0.1, 0.7), 0.08, 0.2)
        stage.phrases = [" and ".join(stage.phrases)]
    return stage


LANDSCAPES = (
    (compose_country, 0.3),
    (compose_sea, 0.14),
    (compose_still_life, 0.14),
    (compose_mountains, 0.16),
    (compose_street, 0.08),
    (compose_aquarium, 0.07),
    (compose_garden, 0.07),
    (compose_island, 0.04),
)
