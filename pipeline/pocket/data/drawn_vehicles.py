"""Vehicles as a person draws them: body, glass, wheels, sails, each a region with its own colour."""

from __future__ import annotations

from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Canvas, Rng


def draw_wheel(canvas: Canvas, box: Box, x: float, y: float, rx: float, ry: float, paints: Paints, rng: Rng) -> None:
    canvas.fill(box.oval(x, y, rx, ry), paints("tyres", "tyre"))
    canvas.fill(box.oval(x, y, rx * 0.52, ry * 0.52), paints("rims", "rim"))
    if rng.random() < 0.3:
        canvas.fill(box.oval(x, y, rx * 0.2, ry * 0.2), paints("hub", "metal"))


def draw_car(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    """Seen from the side, facing left; windows, wheels, a door, lamps."""
    paints("car", "paint")
    roof, mid = rng.uniform(0.05, 0.2), rng.uniform(0.4, 0.5)
    body = [(0.01, 0.82), (0.02, 0.58), (0.2, mid), (0.34, roof), (0.66, roof), (0.82, mid), (0.98, 0.54), (0.99, 0.82)]
    canvas.fill(box.curve(body) if rng.random() < 0.6 else box.at(body), paints("car"), 0.15)
    glass = roof + 0.08
    canvas.fill(box.at([(0.29, mid), (0.37, glass), (0.48, glass), (0.48, mid)]), paints("windows", "glass"), 0.1)
    canvas.fill(box.at([(0.52, mid), (0.52, glass), (0.63, glass), (0.74, mid)]), paints("windows", "glass"), 0.1)
    canvas.draw(box.at([(0.5, mid), (0.5, 0.78)]))
    canvas.draw(box.at([(0.54, mid + 0.1), (0.6, mid + 0.1)]))
    canvas.fill(box.oval(0.05, 0.6, 0.03, 0.05), paints("lamps", "lamp"))
    canvas.fill(box.block(0.955, 0.56, 0.99, 0.66), paints("rear lamps", "cap"))
    if rng.random() < 0.4:
        canvas.fill(box.block(0.0, 0.74, 1.0, 0.82), paints("bumper", "metal"))
    for x in (0.23, 0.77):
        draw_wheel(canvas, box, x, 0.83, 0.1, 0.17 * min(1.4, box.width / max(box.height, 1e-3) * 0.6), paints, rng)


def draw_bus(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    paints("bus")
    canvas.fill(box.block(0.02, 0.08, 0.98, 0.84), paints("bus"), 0.1)
    if rng.random() < 0.5:
        canvas.fill(box.block(0.02, 0.52, 0.98, 0.6), paints("stripe", "body" if rng.random() < 0.5 else "white"))
    for n in range(4):
        canvas.fill(box.block(0.07 + 0.17 * n, 0.18, 0.2 + 0.17 * n, 0.46), paints("windows", "glass"), 0.08)
    canvas.fill(box.block(0.78, 0.2, 0.92, 0.82), paints("door", "glass"))
    canvas.draw(box.at([(0.85, 0.2), (0.85, 0.82)]))
    for x in (0.24, 0.66):
        draw_wheel(canvas, box, x, 0.85, 0.08, 0.14, paints, rng)


def draw_train(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    paints("train")
    canvas.fill(box.block(0.14, 0.42, 0.66, 0.76), paints("train"), 0.15)
    canvas.fill(box.at([(0.2, 0.43), (0.17, 0.16), (0.32, 0.16), (0.29, 0.43)]), paints("chimney", "body"))
    canvas.fill(box.block(0.6, 0.14, 0.94, 0.76), paints("cab", "train"), 0.1)
    canvas.fill(box.block(0.55, 0.07, 0.99, 0.16), paints("roof"))
    canvas.fill(box.block(0.68, 0.24, 0.86, 0.46), paints("window", "pane"))
    canvas.fill(box.block(0.08, 0.72, 0.96, 0.82), paints("frame", "tyre"))
    canvas.fill(box.oval(0.13, 0.55, 0.035, 0.07), paints("lamp"))
    for x, r in ((0.22, 0.08), (0.42, 0.08), (0.77, 0.12)):
        draw_wheel(canvas, box, x, 0.98 - r, r, r, paints, rng)
    if rng.random() < 0.6:
        for x, y, r in ((0.27, 0.08, 0.05), (0.36, 0.0, 0.065), (0.48, -0.07, 0.08)):
            canvas.fill(box.oval(x, y, r, r * 0.8, 6), paints("smoke", "cloud"))


def draw_boat(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    """A sailing boat: hull, mast, one or two sails, sometimes stripes and a flag."""
    canvas.fill(box.block(0.485, 0.02, 0.515, 0.74), paints("mast", "wood"))
    right = [(0.54, 0.06), (0.9, 0.62), (0.54, 0.64)]
    canvas.fill(
        box.curve([(0.54, 0.06), (0.8, 0.3), (0.88, 0.62), (0.54, 0.64)]) if rng.random() < 0.4 else box.at(right),
        paints("sail"),
        0.08,
    )
    if rng.random() < 0.75:
        canvas.fill(
            box.at([(0.46, 0.12), (0.46, 0.64), (0.14, 0.62)]),
            paints("second sail", "sail") if rng.random() < 0.4 else paints("sail"),
            0.08,
        )
    if rng.random() < 0.35:
        canvas.fill(box.at([(0.54, 0.36), (0.73, 0.38), (0.8, 0.5), (0.54, 0.5)]), paints("stripes", "balloon"))
    if rng.random() < 0.5:
        canvas.fill(box.at([(0.5, 0.02), (0.64, 0.05), (0.5, 0.1)]), paints("flag", "balloon"))
    hull = [(0.05, 0.7), (0.95, 0.7), (0.84, 0.92), (0.72, 0.98), (0.28, 0.98), (0.16, 0.92)]
    canvas.fill(box.at(hull), paints("hull"), 0.15)
    if rng.random() < 0.5:
        canvas.fill(box.at([(0.05, 0.7), (0.95, 0.7), (0.92, 0.77), (0.08, 0.77)]), paints("rail", "hull"))
    if rng.random() < 0.35:
        for x in (0.32, 0.5, 0.68):
            canvas.fill(box.oval(x, 0.85, 0.035, 0.035), paints("portholes", "glass"))


def draw_rocket(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    flame = [(0.4, 0.8), (0.42, 0.92), (0.5, 1.02), (0.58, 0.92), (0.6, 0.8)]
    canvas.fill(box.curve(flame, closed=True), paints("flame"))
    for side in (-1, 1):
        fin = [(0.5 + side * 0.16, 0.5), (0.5 + side * 0.36, 0.74), (0.5 + side * 0.34, 0.9), (0.5 + side * 0.14, 0.76)]
        canvas.fill(box.at(fin), paints("fins", "cap"))
    body = [(0.5, 0.02), (0.33, 0.26), (0.31, 0.55), (0.38, 0.8), (0.62, 0.8), (0.69, 0.55), (0.67, 0.26)]
    canvas.fill(box.curve(body, closed=True), paints("rocket", "metal"), 0.05)
    canvas.fill(box.curve([(0.5, 0.02), (0.37, 0.2), (0.5, 0.22), (0.63, 0.2)], closed=True), paints("nose", "cap"))
    canvas.fill(box.oval(0.5, 0.4, 0.1, 0.08), paints("rim", "rim"))
    canvas.fill(box.oval(0.5, 0.4, 0.07, 0.055), paints("window", "glass"))
