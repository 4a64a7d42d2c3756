"""Weather, food and household things as a person draws them: every part a region with its own colour."""

from __future__ import annotations

import numpy as np

from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Canvas, Rng


def draw_sun(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    kind, count = rng.random(), int(rng.integers(8, 14))
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False) if kind < 0.8 else ():
        near, far = np.array([np.cos(angle), np.sin(angle)]) * 0.36, np.array([np.cos(angle), np.sin(angle)]) * 0.49
        if kind < 0.6:
            canvas.draw(box.at([near + 0.5, far + 0.5]), paints("sun"), 0.01)
        else:
            side = np.array([-np.sin(angle), np.cos(angle)]) * 0.06
            canvas.fill(box.at([near + side + 0.5, far + 0.5, near - side + 0.5]), paints("rays", "sun"))
    canvas.fill(box.oval(0.5, 0.5, 0.3, 0.3), paints("sun"), 0.05)
    if rng.random() < 0.2:
        for x in (0.4, 0.6):
            canvas.fill(box.oval(x, 0.44, 0.025, 0.035), paints("eye"))
        canvas.draw(box.curve([(0.36, 0.57), (0.5, 0.65), (0.64, 0.57)]))


def draw_cloud(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    puffs = [
        (0.04, 0.75),
        (0.02, 0.5),
        (0.16, 0.42),
        (0.26, 0.16),
        (0.48, 0.12),
        (0.6, 0.28),
        (0.82, 0.26),
        (0.96, 0.5),
        (0.97, 0.75),
        (0.8, 0.88),
        (0.2, 0.88),
    ]
    canvas.fill(box.curve(puffs, closed=True), paints("cloud"), 0.05)


def draw_moon(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    if rng.random() < 0.4:
        canvas.fill(box.oval(0.5, 0.5, 0.42, 0.42), paints("moon"))
        for x, y, r in ((0.4, 0.4, 0.08), (0.6, 0.6, 0.1)):
            canvas.fill(box.oval(x, y, r, r), paints("moon") * 0.9)
        return
    outer, inner = np.linspace(0.6, 5.7, 24), np.linspace(5.0, 1.3, 18)
    rim = np.stack([0.5 + 0.45 * np.cos(outer), 0.5 + 0.45 * np.sin(outer)], -1)
    bite = np.stack([0.72 + 0.4 * np.cos(inner), 0.5 + 0.36 * np.sin(inner)], -1)
    canvas.fill(box.at(np.vstack([rim, bite]), exact=True), paints("moon"))


def draw_star(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    reach = np.where(np.arange(10) % 2, 0.21, 0.48)
    canvas.fill(box.at(np.stack([0.5 + reach * np.cos(angle), 0.52 + reach * np.sin(angle)], -1)), paints("star"))


def draw_snowman(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    for side in (-1, 1):
        canvas.draw(box.at([(0.5 + side * 0.2, 0.5), (0.5 + side * 0.45, 0.36)]), paints("arms", "trunk"), 0.012)
    canvas.fill(box.oval(0.5, 0.8, 0.3, 0.2), paints("snow"), 0.06)
    canvas.fill(box.oval(0.5, 0.52, 0.22, 0.15), paints("snow"), 0.06)
    canvas.fill(box.oval(0.5, 0.3, 0.16, 0.12), paints("snow"))
    for x in (0.44, 0.56):
        canvas.fill(box.oval(x, 0.27, 0.018, 0.018), paints("eye"))
    canvas.fill(box.at([(0.5, 0.3), (0.5, 0.335), (0.66, 0.33)]), paints("carrot"))
    for y in (0.47, 0.55, 0.74):
        canvas.fill(box.oval(0.5, y, 0.022, 0.018), paints("buttons", "eye"))
    if rng.random() < 0.8:
        canvas.fill(box.block(0.35, 0.18, 0.65, 0.215), paints("hat"))
        canvas.fill(box.block(0.4, 0.03, 0.6, 0.19), paints("hat"))
    if rng.random() < 0.6:
        canvas.fill(
            box.curve(
                [(0.36, 0.385), (0.5, 0.42), (0.64, 0.385), (0.62, 0.44), (0.5, 0.47), (0.38, 0.44)], closed=True
            ),
            paints("scarf"),
        )


def draw_apple(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    canvas.draw(box.curve([(0.5, 0.26), (0.51, 0.14), (0.56, 0.05)]), paints("stalk", "trunk"), 0.02)
    outline = [
        (0.5, 0.25),
        (0.3, 0.18),
        (0.1, 0.36),
        (0.13, 0.68),
        (0.32, 0.95),
        (0.5, 0.9),
        (0.68, 0.95),
        (0.87, 0.68),
        (0.9, 0.36),
        (0.7, 0.18),
    ]
    canvas.fill(box.curve(outline, closed=True), paints("apple"), 0.2)
    if rng.random() < 0.8:
        canvas.fill(box.curve([(0.54, 0.17), (0.68, 0.02), (0.84, 0.06), (0.7, 0.18)], closed=True), paints("leaf"))
    if rng.random() < 0.4:
        canvas.fill(box.oval(0.29, 0.42, 0.05, 0.09), paints("shine", "white"))


def draw_balloon(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    canvas.draw(box.curve([(0.5, 0.64), (0.46, 0.76), (0.55, 0.87), (0.5, 1)]))
    canvas.fill(box.at([(0.46, 0.67), (0.5, 0.61), (0.54, 0.67)]), paints("balloon"))
    canvas.fill(box.oval(0.5, 0.32, 0.28, 0.31), paints("balloon"), 0.2)


def draw_umbrella(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    canvas.fill(box.block(0.485, 0.45, 0.515, 0.85), paints("handle", "wood"))
    canvas.draw(box.curve([(0.5, 0.85), (0.5, 0.95), (0.42, 0.98), (0.38, 0.9)]), paints("handle"), 0.02)
    colours = ("umbrella", "second panel") if rng.random() < 0.4 else ("umbrella", "umbrella")
    paints("umbrella", "balloon"), paints(colours[1], "balloon")
    for n, (left, right) in enumerate(((0.02, 0.27), (0.27, 0.5), (0.5, 0.73), (0.73, 0.98))):
        low = 0.45 + 0.03 * (n in (1, 2))
        canvas.fill(
            box.curve(
                [
                    (0.5, 0.08),
                    (left + 0.1 * (left < 0.3), 0.24),
                    (left, low),
                    ((left + right) / 2, low - 0.05),
                    (right, low),
                    (right - 0.1 * (right > 0.7), 0.24),
                ],
                closed=True,
            ),
            paints(colours[n % 2]),
        )


def draw_cup(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    for x in (0.35, 0.5) if rng.random() < 0.6 else ():
        canvas.draw(box.curve([(x, 0.22), (x + 0.05, 0.15), (x - 0.02, 0.08), (x + 0.04, 0.0)]))
    canvas.fill(box.oval(0.78, 0.58, 0.19, 0.18), paints("cup", "pot"))
    canvas.fill(box.oval(0.78, 0.58, 0.11, 0.1), canvas.colours[2, 2], quiet=False)
    canvas.fill(
        box.curve([(0.12, 0.32), (0.16, 0.75), (0.3, 0.95), (0.56, 0.95), (0.7, 0.75), (0.76, 0.32)]),
        paints("cup", "pot"),
        0.12,
    )
    canvas.fill(box.oval(0.44, 0.33, 0.32, 0.07), paints("cup") * 0.92)
    canvas.fill(box.oval(0.44, 0.34, 0.27, 0.045), paints("coffee", "wood"))


def draw_teapot(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    paints("teapot", "pot")
    canvas.fill(
        box.curve(
            [
                (0.74, 0.4),
                (0.96, 0.36),
                (0.97, 0.68),
                (0.74, 0.74),
                (0.74, 0.65),
                (0.88, 0.62),
                (0.88, 0.46),
                (0.75, 0.48),
            ],
            closed=True,
        ),
        paints("teapot"),
    )
    canvas.fill(
        box.curve([(0.3, 0.74), (0.12, 0.56), (0.02, 0.34), (0.1, 0.32), (0.2, 0.46), (0.32, 0.52)], closed=True),
        paints("teapot"),
    )
    canvas.fill(box.oval(0.52, 0.62, 0.27, 0.3), paints("teapot"), 0.15)
    canvas.fill(
        box.curve([(0.34, 0.38), (0.52, 0.24), (0.7, 0.38), (0.52, 0.42)], closed=True),
        paints("lid", "pot") if rng.random() < 0.3 else paints("teapot"),
    )
    canvas.fill(box.oval(0.52, 0.22, 0.045, 0.05), paints("knob", "wood"))
    if rng.random() < 0.75:
        for angle in np.linspace(0, 2 * np.pi, 5, endpoint=False):
            canvas.fill(
                box.oval(0.52 + 0.08 * np.cos(angle), 0.62 + 0.085 * np.sin(angle), 0.05, 0.05),
                paints("flower", "petal"),
            )
        canvas.fill(box.oval(0.52, 0.62, 0.04, 0.04), paints("centre"))


def draw_cake(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    for x in (0.32, 0.5, 0.68):
        canvas.fill(box.oval(x, 0.12, 0.028, 0.055), paints("flames", "flame"))
        canvas.fill(box.block(x - 0.025, 0.18, x + 0.025, 0.4), paints("candles", "balloon"))
    canvas.fill(box.block(0.14, 0.4, 0.86, 0.9), paints("cake", "sponge"), 0.1)
    drip = [
        (0.13, 0.38),
        (0.87, 0.38),
        (0.87, 0.54),
        (0.78, 0.62),
        (0.7, 0.53),
        (0.58, 0.64),
        (0.47, 0.53),
        (0.36, 0.63),
        (0.26, 0.53),
        (0.13, 0.58),
    ]
    canvas.fill(box.curve(drip, closed=True), paints("icing", "cream"))
    canvas.fill(box.block(0.04, 0.89, 0.96, 0.96), paints("plate", "glass"))


def draw_ice_cream(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    canvas.fill(box.at([(0.28, 0.46), (0.72, 0.46), (0.5, 1)]), paints("cone"), 0.1)
    if rng.random() < 0.6:
        for share in (0.3, 0.6):
            canvas.draw(box.at([(0.28 + 0.22 * share, 0.46 + 0.54 * share), (0.72 - 0.25 * (1 - share), 0.47)]))
    scoops = ((0.36, 0.36), (0.64, 0.36), (0.5, 0.17)) if rng.random() < 0.4 else ((0.5, 0.3),)
    for n, (x, y) in enumerate(scoops):
        size = 0.18 if len(scoops) > 1 else 0.27
        canvas.fill(box.oval(x, y, size, size, 7, 0.06), paints(f"scoop {n}" if n else "ice cream", "scoop"), 0.1)


def draw_pumpkin(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    canvas.fill(box.curve([(0.46, 0.22), (0.47, 0.06), (0.57, 0.04), (0.55, 0.22)]), paints("stalk", "stem"))
    for x, r in ((0.24, 0.2), (0.76, 0.2), (0.37, 0.2), (0.63, 0.2), (0.5, 0.17)):
        canvas.fill(box.oval(x, 0.58, r, 0.37), paints("pumpkin"), 0.15)
    if rng.random() < 0.5:
        for x in (0.36, 0.64):
            canvas.fill(box.at([(x - 0.07, 0.55), (x, 0.42), (x + 0.07, 0.55)]), paints("face", "eye"))
        canvas.fill(
            box.at([(0.28, 0.66), (0.42, 0.7), (0.5, 0.66), (0.58, 0.7), (0.72, 0.66), (0.6, 0.82), (0.4, 0.82)]),
            paints("face", "eye"),
        )
