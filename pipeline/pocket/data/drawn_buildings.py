"""Houses, plants and furniture as a person draws them: every part a region with a colour of its own."""

from __future__ import annotations

import numpy as np

from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Canvas, Rng


def draw_window(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    round_one = rng.random() < 0.12
    outline = box.oval(0.5, 0.5, 0.5, 0.5) if round_one else box.block(0, 0, 1, 1)
    if rng.random() < 0.35 and not round_one:
        canvas.fill(outline, paints("frame", "white"))
        canvas.fill(box.block(0.13, 0.12, 0.87, 0.88), paints("window", "pane"), 0.1)
    else:
        canvas.fill(outline, paints("window", "pane"), 0.1)
    if rng.random() < 0.85:
        canvas.draw(box.at([(0.5, 0.05), (0.5, 0.95)]))
        canvas.draw(box.at([(0.05, 0.5), (0.95, 0.5)]))


def draw_house(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    eaves, left, right = rng.uniform(0.36, 0.5), rng.uniform(0.08, 0.14), rng.uniform(0.86, 0.92)
    wall = "brick" if rng.random() < 0.1 else "wood" if rng.random() < 0.12 else "wall"
    if rng.random() < 0.6:
        x = rng.uniform(0.62, 0.74)
        canvas.fill(box.block(x, 0.02, x + 0.1, eaves - 0.04), paints("chimney", "brick"))
        if rng.random() < 0.6:
            canvas.fill(box.block(x - 0.015, 0.0, x + 0.115, 0.05), paints("chimney"))
        if rng.random() < 0.4:
            canvas.draw(box.curve([(x + 0.05, -0.02), (x + 0.09, -0.08), (x + 0.03, -0.13), (x + 0.08, -0.2)]))
    canvas.fill(box.block(left, eaves - 0.02, right, 1), paints("wall", wall), rng.uniform(0, 0.12))
    top = rng.uniform(0.06, 0.14)
    if rng.random() < 0.5:
        roof = [(0, eaves), (0.5 + rng.normal(0, 0.02), top), (1, eaves)]
    else:
        inset = rng.uniform(0.12, 0.22)
        roof = [(0, eaves), (inset, top), (1 - inset, top), (1, eaves)]
    canvas.fill(box.at(roof), paints("roof"), rng.uniform(0, 0.2))
    if rng.random() < 0.35:
        draw_tiles(canvas, box, roof, rng)
    width = rng.uniform(0.13, 0.2)
    x = rng.uniform(0.36, 0.52) if rng.random() < 0.7 else rng.uniform(0.18, 0.3)
    door = rng.uniform(0.62, 0.7)
    outline = [(x, 1), (x, door + 0.05), (x + width / 2, door), (x + width, door + 0.05), (x + width, 1)]
    arched = rng.random() < 0.25
    canvas.fill(box.curve(outline) if arched else box.block(x, door, x + width, 1), paints("door"), 0.08)
    canvas.fill(box.oval(x + width * 0.8, (door + 1) / 2, 0.012, 0.012), paints("knob", "lamp"))
    for spot in (0.17, 0.7) if x > 0.33 else (0.5, 0.72):
        draw_window(canvas, box.inner(spot, rng.uniform(0.56, 0.62), rng.uniform(0.13, 0.17), 0.17), paints, rng)
    if rng.random() < 0.3:
        canvas.fill(box.oval(0.5, (eaves + top) / 2 + 0.03, 0.055, 0.05), paints("window", "pane"))


def draw_tiles(canvas: Canvas, box: Box, roof: list[tuple[float, float]], rng: Rng) -> None:
    ys = np.linspace(roof[1][1], roof[0][1], int(rng.integers(4, 6)))[1:-1]
    for y in ys:
        share = (y - roof[1][1]) / (roof[0][1] - roof[1][1])
        left, right = roof[1][0] * (1 - share) + 0.03, 1 - (1 - roof[-2][0]) * (1 - share) - 0.03
        count = 2 * int((right - left) / 0.07) + 1
        spots = np.stack([np.linspace(left, right, count), y + 0.025 * (np.arange(count) % 2)], -1)
        canvas.draw(box.curve(spots, steps=4))


def draw_castle(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    def tower(left: float, right: float, top: float, pointed: bool) -> None:
        canvas.fill(box.block(left, top, right, 1), paints("wall", "stone"), 0.12)
        if pointed:
            canvas.fill(
                box.at([(left - 0.03, top), ((left + right) / 2, top - 0.22), (right + 0.03, top)]), paints("roof")
            )
            if rng.random() < 0.6:
                tip = ((left + right) / 2, top - 0.22)
                canvas.draw(box.at([tip, (tip[0], tip[1] - 0.1)]))
                flag = [(tip[0], tip[1] - 0.1), (tip[0] + 0.09, tip[1] - 0.07), (tip[0], tip[1] - 0.04)]
                canvas.fill(box.at(flag), paints("flag", "balloon"))
        else:
            step = (right - left) / 5
            for n in (0, 2, 4):
                spot = left + n * step
                canvas.fill(box.block(spot, top - 0.06, spot + step, top + 0.01), paints("wall", "stone"))
        middle = (left + right) / 2
        canvas.fill(box.block(middle - 0.025, top + 0.1, middle + 0.025, top + 0.22), paints("window", "body"))

    pointed = rng.random() < 0.6
    canvas.fill(box.block(0.2, 0.5, 0.8, 1), paints("wall", "stone"), 0.1)
    for n in range(5):
        canvas.fill(box.block(0.22 + 0.12 * n, 0.45, 0.29 + 0.12 * n, 0.51), paints("wall", "stone"))
    tower(0.05, 0.25, 0.36, pointed)
    tower(0.75, 0.95, 0.36, pointed)
    if rng.random() < 0.6:
        tower(0.39, 0.61, 0.32, pointed)
    arch = [(0.4, 1), (0.4, 0.78), (0.5, 0.69), (0.6, 0.78), (0.6, 1)]
    canvas.fill(box.curve(arch), paints("gate", "wood"))


def draw_tree(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    half = rng.uniform(0.06, 0.1)
    trunk = [(0.5 - half, 1), (0.5 - half * 0.7, 0.6), (0.5 + half * 0.7, 0.6), (0.5 + half, 1)]
    canvas.fill(box.at(trunk), paints("trunk"), 0.1)
    kind = rng.random()
    if kind < 0.5:
        canvas.fill(box.oval(0.5, 0.36, 0.4, 0.34, int(rng.integers(7, 12))), paints("crown", "leaf"), 0.25)
    elif kind < 0.75:
        canvas.fill(box.oval(0.5, 0.36, 0.4, 0.35), paints("crown", "leaf"), 0.25)
    else:
        for x, y in ((0.3, 0.45), (0.7, 0.45), (0.5, 0.27)):
            canvas.fill(box.oval(x, y, 0.26, 0.24), paints("crown", "leaf"), 0.15)
    if rng.random() < 0.3:
        for x, y in rng.uniform((0.25, 0.18), (0.75, 0.5), (int(rng.integers(3, 7)), 2)):
            canvas.fill(box.oval(x, y, 0.04, 0.04), paints("fruit", "apple"))
    elif rng.random() < 0.4:
        for x, y in rng.uniform((0.28, 0.18), (0.68, 0.5), (int(rng.integers(2, 6)), 2)):
            canvas.draw(box.curve([(x, y), (x + 0.03, y + 0.03), (x + 0.06, y)]))
    if rng.random() < 0.2:
        canvas.fill(box.oval(0.5, 0.8, 0.03, 0.035), paints("hole", "body"))


def draw_fir(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    canvas.fill(box.block(0.44, 0.82, 0.56, 1), paints("trunk"))
    tiers = int(rng.integers(1, 5))
    for n in range(tiers, 0, -1):
        bottom, top = 0.18 + 0.68 * n / tiers, max(0.0, 0.68 * (n - 1) / tiers - 0.06)
        half = 0.14 + 0.3 * n / tiers if tiers > 1 else 0.4
        canvas.fill(box.at([(0.5 - half, bottom), (0.5, top), (0.5 + half, bottom)]), paints("crown", "fir"), 0.15)


def draw_palm(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    trunk = [(0.44, 1), (0.5, 0.65), (0.5, 0.32), (0.57, 0.32), (0.58, 0.65), (0.56, 1)]
    canvas.fill(box.curve(trunk), paints("trunk"), 0.1)
    for angle in np.linspace(-0.25, np.pi + 0.25, int(rng.integers(5, 8))):
        tip = (0.53 + 0.42 * np.cos(angle), 0.32 - 0.2 * np.sin(angle) + 0.1)
        up = (0.53 + 0.25 * np.cos(angle), 0.22 - 0.2 * np.sin(angle))
        canvas.fill(box.curve([(0.53, 0.32), up, tip, (up[0], up[1] + 0.11)], closed=True), paints("leaf"), 0.1)
    if rng.random() < 0.5:
        for x in (0.49, 0.56):
            canvas.fill(box.oval(x, 0.36, 0.035, 0.035), paints("coconut", "wood"))


def draw_cactus(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    base = 0.72 if rng.random() < 0.5 else 1.0
    for side in (-1, 1):
        y = rng.uniform(0.35, 0.5)
        arm = [(0.5, y + 0.14), (0.5 + side * 0.27, y + 0.12), (0.5 + side * 0.3, y - 0.12)]
        inner = [(0.5 + side * 0.2, y - 0.12), (0.5 + side * 0.18, y + 0.03), (0.5, y + 0.04)]
        canvas.fill(box.curve([*arm, *inner], closed=True), paints("cactus"), 0.1)
    body = [(0.4, base), (0.38, 0.4), (0.41, 0.12), (0.5, 0.05), (0.59, 0.12), (0.62, 0.4), (0.6, base)]
    canvas.fill(box.curve(body), paints("cactus"), 0.1)
    for x in (0.46, 0.54):
        canvas.draw(box.at([(x, 0.18), (x, base - 0.06)]))
    if rng.random() < 0.4:
        canvas.fill(box.oval(0.5, 0.05, 0.06, 0.05, 5, 0.4), paints("flower", "petal"))
    if base < 1:
        draw_pot(canvas, box.inner(0.27, 0.68, 0.46, 0.32), paints, rng)


def draw_pot(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    canvas.fill(box.at([(0.1, 0.15), (0.9, 0.15), (0.75, 1), (0.25, 1)]), paints("pot"), 0.15)
    canvas.fill(box.block(0.02, 0, 0.98, 0.24), paints("pot"), 0.05)


def draw_vase(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    neck, belly = rng.uniform(0.2, 0.32), rng.uniform(0.42, 0.5)
    side = [(neck - 0.04, 0), (neck, 0.12), (belly, 0.55), (0.3, 1)]
    outline = [(0.5 - x, y) for x, y in side] + [(0.5 + x, y) for x, y in reversed(side)]
    canvas.fill(box.at(smooth_pairs(box, outline), exact=True), paints("vase", "pot"), 0.1)
    if rng.random() < 0.5:
        band = [
            (0.5 - belly * 0.93, 0.45),
            (0.5 + belly * 0.93, 0.45),
            (0.5 + belly * 0.93, 0.62),
            (0.5 - belly * 0.93, 0.62),
        ]
        canvas.fill(box.at(band), paints("band", "cloth"))


def smooth_pairs(box: Box, outline: list[tuple[float, float]]) -> np.ndarray:
    from pipeline.pocket.data.part_canvas import smooth

    return smooth(np.array(outline, np.float32), closed=False, steps=5)


def draw_flower(canvas: Canvas, box: Box, paints: Paints, rng: Rng, *, stem: bool = True) -> None:
    """A daisy, a tulip or a sunflower with stem and leaves; the head alone without a stem."""
    kind, y = rng.random(), 0.26 if stem else 0.5
    size = 0.26 if stem else 0.48
    if stem:
        canvas.fill(
            box.curve([(0.475, 1), (0.47, 0.6), (0.485, y), (0.515, y), (0.52, 0.6), (0.515, 1)]), paints("stem")
        )
        for side in (-1, 1) if rng.random() < 0.7 else (1,):
            top = rng.uniform(0.6, 0.75)
            leaf = [
                (0.5, top + 0.14),
                (0.5 + side * 0.2, top),
                (0.5 + side * 0.32, top - 0.06),
                (0.5 + side * 0.2, top + 0.11),
            ]
            canvas.fill(box.curve(leaf, closed=True), paints("leaf", "stem"), 0.1)
    if kind < 0.25:
        half = size * 0.75
        cup = [
            (0.5 - half, y - size),
            (0.5 - half / 2, y - size * 0.45),
            (0.5, y - size),
            (0.5 + half / 2, y - size * 0.45),
        ]
        canvas.fill(
            box.at(
                [
                    *cup,
                    (0.5 + half, y - size),
                    (0.5 + half * 0.8, y + size * 0.4),
                    (0.5, y + size * 0.8),
                    (0.5 - half * 0.8, y + size * 0.4),
                ]
            ),
            paints("petals", "tulip"),
            0.15,
        )
        return
    count = int(rng.integers(5, 9)) if kind < 0.8 else int(rng.integers(10, 15))
    if kind >= 0.8:
        paints("petals", "sun")
    reach = size * 0.62
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, 1):
        x, up = 0.5 + reach * np.cos(angle), y + reach * np.sin(angle)
        width = size * (0.36 if count < 9 else 0.24)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        ring = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        petal = np.stack([size * 0.42 * np.cos(ring), width * np.sin(ring)], -1) @ turn.T + (x, up)
        canvas.fill(box.at(petal, exact=True), paints("petals", "petal"), 0.08)
    canvas.fill(box.oval(0.5, y, size * 0.33, size * 0.33), paints("centre", "body" if kind >= 0.8 else "centre"))


def draw_mushroom(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    stalk = [(0.4, 0.45), (0.41, 0.75), (0.36, 1), (0.64, 1), (0.59, 0.75), (0.6, 0.45)]
    canvas.fill(box.curve(stalk), paints("stalk"), 0.1)
    cap = [(0.05, 0.52), (0.14, 0.25), (0.5, 0.05), (0.86, 0.25), (0.95, 0.52), (0.5, 0.58)]
    canvas.fill(box.curve(cap, closed=True), paints("cap"), 0.2)
    for x, y, r in ((0.3, 0.32, 0.06), (0.55, 0.2, 0.07), (0.72, 0.4, 0.055), (0.48, 0.43, 0.05)):
        canvas.fill(box.oval(x + rng.normal(0, 0.02), y, r, r * 0.85), paints("dots", "white"))
