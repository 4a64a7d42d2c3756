"""Animals and people as a person draws them: every part a region with a colour of its own."""

from __future__ import annotations

import numpy as np

from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Canvas, Rng


def draw_eye(canvas: Canvas, box: Box, x: float, y: float, size: float, paints: Paints, rng: Rng) -> None:
    """A dot, or a white ball with a pupil."""
    if rng.random() < 0.5:
        canvas.fill(box.oval(x, y, size * 0.6, size * 0.7), paints("eye"))
        return
    canvas.fill(box.oval(x, y, size, size * 1.1), paints("white of the eye", "white"))
    canvas.fill(box.oval(x, y + size * 0.1, size * 0.55, size * 0.65), paints("eye"))


def draw_face(canvas: Canvas, box: Box, paints: Paints, rng: Rng, *, muzzle: bool) -> None:
    """Eyes, nose and mouth of an animal seen from the front, in a frame around the head."""
    for side in (-1, 1):
        draw_eye(canvas, box, 0.5 + side * rng.uniform(0.17, 0.2), 0.45, rng.uniform(0.05, 0.075), paints, rng)
    if muzzle:
        canvas.fill(box.oval(0.5, 0.7, 0.2, 0.16), paints("muzzle", "belly"))
    canvas.fill(box.at([(0.44, 0.6), (0.56, 0.6), (0.5, 0.67)]), paints("nose"))
    canvas.draw(box.curve([(0.5, 0.67), (0.49, 0.74), (0.42, 0.76), (0.37, 0.72)]))
    canvas.draw(box.curve([(0.5, 0.67), (0.51, 0.74), (0.58, 0.76), (0.63, 0.72)]))


def draw_ears(canvas: Canvas, box: Box, paints: Paints, rng: Rng, fur: str, kind: str) -> None:
    for side in (-1, 1):
        x = 0.5 + side * 0.28
        if kind == "pointed":
            tip = (x + side * 0.13, rng.uniform(-0.14, -0.02))
            outer = np.array([(x - side * 0.15, 0.2), tip, (x + side * 0.16, 0.34)])
            canvas.fill(box.at(outer), paints(fur))
            canvas.fill(box.at(outer * 0.55 + 0.45 * outer.mean(0)), paints("inner ear"))
        elif kind == "round":
            canvas.fill(box.oval(x + side * 0.05, 0.13, 0.16, 0.16), paints(fur))
            canvas.fill(box.oval(x + side * 0.05, 0.13, 0.09, 0.09), paints("inner ear"))
        elif kind == "long":
            canvas.fill(box.oval(x - side * 0.08, -0.12, 0.1, 0.36), paints(fur))
            canvas.fill(box.oval(x - side * 0.08, -0.1, 0.05, 0.26), paints("inner ear"))
        else:
            flap = [(x - side * 0.04, 0.1), (x + side * 0.22, 0.2), (x + side * 0.24, 0.6), (x + side * 0.06, 0.5)]
            canvas.fill(box.curve(flap, closed=True), paints("ears", fur if rng.random() < 0.4 else "wood"))


def draw_furry(canvas: Canvas, box: Box, paints: Paints, rng: Rng, animal: str, ears: str, fur: str) -> None:
    """An animal that sits and looks at us: tail, body, chest, legs, head."""
    paints(animal, fur)
    body = box.inner(0.12, 0.42, 0.76, 0.58)
    side = 1 if rng.random() < 0.5 else -1
    if animal in {"cat", "fox", "dog"}:
        x = 0.5 + side * 0.32
        thick = 0.11 if animal == "fox" else 0.055
        spine = np.array([(x, 0.93), (x + side * 0.26, 0.86), (x + side * 0.3, 0.55), (x + side * 0.2, 0.42)])
        tail = np.vstack([spine + np.array((0, thick)), spine[::-1] - np.array((side * thick, thick))])
        canvas.fill(box.curve(tail, closed=True), paints(animal))
        if animal == "fox":
            tip = [(x + side * 0.29, 0.55), (x + side * 0.22, 0.4), (x + side * 0.14, 0.47)]
            canvas.fill(box.curve(tip, closed=True), paints("tip of the tail", "belly"))
    outline = [(0.3, 0.02), (0.14, 0.5), (0.1, 0.85), (0.2, 1), (0.8, 1), (0.9, 0.85), (0.86, 0.5), (0.7, 0.02)]
    canvas.fill(body.curve(outline, closed=True), paints(animal), 0.12)
    if rng.random() < (0.9 if animal == "fox" else 0.5):
        chest = [(0.38, 0.08), (0.34, 0.4), (0.5, 0.62), (0.66, 0.4), (0.62, 0.08)]
        canvas.fill(body.curve(chest, closed=True), paints("chest", "belly"))
    for foot in (-1, 1):
        canvas.draw(body.at([(0.5 + foot * 0.06, 0.6), (0.5 + foot * 0.05, 0.95)]))
        paw = "nose" if animal == "fox" and rng.random() < 0.5 else animal
        canvas.fill(
            body.oval(0.5 + foot * 0.17, 0.95, 0.13, 0.065),
            paints("paws" if paw == "nose" else animal, paw if paw == "nose" else fur),
        )
    head = box.inner(0.2, 0.1, 0.6, 0.42)
    draw_head(canvas, head, paints, rng, animal, ears)


def draw_head(canvas: Canvas, box: Box, paints: Paints, rng: Rng, animal: str, ears: str) -> None:
    draw_ears(canvas, box, paints, rng, animal, ears)
    if animal == "fox":
        face = [(0.1, 0.25), (0.5, 0.14), (0.9, 0.25), (1.02, 0.62), (0.5, 1), (-0.02, 0.62)]
        canvas.fill(box.curve(face, closed=True), paints(animal), 0.08)
        for side in (-1, 1):
            cheek = [(0.5, 0.98), (0.5 + side * 0.12, 0.66), (0.5 + side * 0.47, 0.63), (0.5 + side * 0.25, 0.86)]
            canvas.fill(box.at(cheek), paints("chest", "belly"))
        draw_face(canvas, box.inner(0, 0.06, 1, 1.1), paints, rng, muzzle=False)
    else:
        canvas.fill(box.oval(0.5, 0.52, 0.48, 0.44), paints(animal), 0.08)
        if animal == "cat" and rng.random() < 0.5:
            for x in (0.42, 0.5, 0.58):
                canvas.draw(box.at([(x, 0.12), (x, 0.24)]))
        draw_face(canvas, box, paints, rng, muzzle=rng.random() < 0.5)
    if animal in {"cat", "mouse", "rabbit"} and rng.random() < 0.8:
        for side in (-1, 1):
            for y in (0.62, 0.68, 0.74)[: int(rng.integers(2, 4))]:
                canvas.draw(box.at([(0.5 + side * 0.22, y), (0.5 + side * 0.58, y + rng.normal(0, 0.05))]))


def draw_four_legs(canvas: Canvas, box: Box, paints: Paints, rng: Rng, animal: str, fur: str) -> None:
    """A dog, a horse or a cow that stands, seen from the side, its head to the left."""
    paints(animal, fur)
    for x in (0.32, 0.76):
        canvas.fill(box.block(x, 0.6, x + 0.07, 1), paints(animal) * 0.85)
    tail = [(0.86, 0.38), (0.99, 0.25), (1.0, 0.4), (0.88, 0.48)]
    canvas.fill(box.curve(tail, closed=True), paints("tail", fur) if animal == "horse" else paints(animal))
    body = [(0.22, 0.36), (0.5, 0.33), (0.86, 0.36), (0.9, 0.55), (0.8, 0.72), (0.35, 0.72), (0.22, 0.58)]
    canvas.fill(box.curve(body, closed=True), paints(animal), 0.15)
    for x in (0.25, 0.7):
        canvas.fill(box.block(x, 0.64, x + 0.08, 1), paints(animal))
        if animal != "dog":
            canvas.fill(box.block(x, 0.93, x + 0.08, 1), paints("hooves", "body"))
    if animal == "cow" or rng.random() < 0.25:
        for x, y in ((0.42, 0.46), (0.68, 0.5), (0.55, 0.6)):
            canvas.fill(box.oval(x, y, 0.08, 0.06, 4, 0.3), paints("spots", "body"))
    head = [(0.3, 0.4), (0.34, 0.16), (0.2, 0.1), (0.02, 0.26), (0.03, 0.38), (0.16, 0.42)]
    canvas.fill(box.curve(head, closed=True), paints(animal))
    ear = [(0.24, 0.13), (0.36, 0.12), (0.35, 0.34)] if animal == "dog" else [(0.22, 0.13), (0.27, 0.0), (0.31, 0.14)]
    canvas.fill(box.curve(ear, closed=True), paints("ears", "wood") if animal == "dog" else paints(animal))
    draw_eye(canvas, box, 0.17, 0.21, 0.025, paints, rng)
    canvas.fill(box.oval(0.03, 0.29, 0.03, 0.03), paints("nose"))
    canvas.draw(box.curve([(0.05, 0.36), (0.1, 0.35), (0.15, 0.33)]))


def draw_fish(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    paints("fish")
    fin = "fins" if rng.random() < 0.6 else "fish"
    tail = [(0.72, 0.5), (0.98, 0.22), (0.92, 0.5), (0.98, 0.78)]
    canvas.fill(box.at(tail), paints(fin, "fish"), 0.1)
    canvas.fill(box.curve([(0.35, 0.22), (0.45, 0.02), (0.65, 0.1), (0.64, 0.27)], closed=True), paints(fin, "fish"))
    canvas.fill(box.curve([(0.42, 0.8), (0.5, 0.97), (0.6, 0.92), (0.58, 0.76)], closed=True), paints(fin, "fish"))
    outline = [(0.02, 0.52), (0.2, 0.26), (0.48, 0.19), (0.76, 0.45), (0.76, 0.55), (0.48, 0.81), (0.2, 0.77)]
    canvas.fill(box.curve(outline, closed=True), paints("fish"), 0.2)
    if rng.random() < 0.5:
        for x in (0.36, 0.55):
            stripe = [(x, 0.24), (x + 0.08, 0.25), (x + 0.1, 0.5), (x + 0.08, 0.75), (x, 0.76), (x + 0.03, 0.5)]
            canvas.fill(box.at(stripe), paints("stripes", "belly" if rng.random() < 0.5 else "fish"))
    else:
        for x, y in ((0.4, 0.38), (0.5, 0.48), (0.4, 0.58), (0.6, 0.42), (0.6, 0.58), (0.5, 0.66)):
            canvas.draw(box.curve([(x, y - 0.06), (x + 0.05, y), (x, y + 0.06)]))
    if rng.random() < 0.6:
        canvas.draw(box.curve([(0.27, 0.27), (0.33, 0.5), (0.27, 0.76)]))
    draw_eye(canvas, box, 0.17, 0.43, 0.045, paints, rng)
    canvas.draw(box.curve([(0.04, 0.6), (0.09, 0.62), (0.13, 0.6)]))


def draw_bird(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    paints("bird")
    canvas.fill(
        box.at([(0.68, 0.6), (1, 0.48), (0.98, 0.66), (0.72, 0.74)]),
        paints("tail", "bird") if rng.random() < 0.4 else paints("bird"),
    )
    for x in (0.46, 0.56):
        canvas.draw(box.at([(x, 0.85), (x, 1), (x - 0.06, 1.0)]), paints("beak"))
    canvas.fill(box.at([(0.17, 0.3), (0.0, 0.36), (0.17, 0.42)]), paints("beak"))
    outline = [
        (0.3, 0.12),
        (0.45, 0.2),
        (0.5, 0.42),
        (0.76, 0.58),
        (0.72, 0.8),
        (0.45, 0.9),
        (0.24, 0.74),
        (0.2, 0.5),
        (0.14, 0.3),
    ]
    canvas.fill(box.curve(outline, closed=True), paints("bird"), 0.1)
    if rng.random() < 0.7:
        canvas.fill(box.curve([(0.22, 0.55), (0.36, 0.56), (0.44, 0.86), (0.28, 0.76)], closed=True), paints("belly"))
    canvas.fill(
        box.curve([(0.42, 0.5), (0.62, 0.52), (0.82, 0.66), (0.58, 0.76)], closed=True), paints("wing", "bird"), 0.1
    )
    draw_eye(canvas, box, 0.27, 0.29, 0.03, paints, rng)


def draw_butterfly(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    paints("wings", "wing")
    for side in (-1, 1):
        low = [(0.5, 0.55), (0.5 + side * 0.3, 0.58), (0.5 + side * 0.34, 0.84), (0.5 + side * 0.14, 0.9)]
        canvas.fill(box.curve(low, closed=True), paints("wings"))
        top = [
            (0.5, 0.5),
            (0.5 + side * 0.14, 0.16),
            (0.5 + side * 0.42, 0.06),
            (0.5 + side * 0.46, 0.38),
            (0.5 + side * 0.28, 0.56),
        ]
        canvas.fill(box.curve(top, closed=True), paints("wings"))
        for x, y, r in ((0.3, 0.27, 0.08), (0.22, 0.7, 0.06)):
            canvas.fill(box.oval(0.5 + side * x, y, r, r), paints("spots", "wing"))
        canvas.draw(box.curve([(0.5, 0.26), (0.5 + side * 0.06, 0.12), (0.5 + side * 0.14, 0.05)]))
    canvas.fill(box.oval(0.5, 0.55, 0.045, 0.32), paints("body"))


def draw_person(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
    """A child's person: hair, face, clothes, arms and legs; in a dress as often as in trousers."""
    dress = rng.random() < 0.5
    long_hair = rng.random() < (0.8 if dress else 0.15)
    if long_hair:
        canvas.fill(
            box.curve([(0.34, 0.1), (0.28, 0.42), (0.72, 0.42), (0.66, 0.1), (0.5, 0.0)], closed=True), paints("hair")
        )
    for side in (-1, 1):
        arm = np.array(
            [(0.5 + side * 0.14, 0.4), (0.5 + side * 0.34, 0.58), (0.5 + side * 0.29, 0.62), (0.5 + side * 0.12, 0.5)]
        )
        canvas.fill(box.at(arm), paints("dress" if dress else "shirt"))
        canvas.fill(box.oval(0.5 + side * 0.33, 0.62, 0.045, 0.035), paints("skin"))
        leg = (0.5 + side * 0.03, 0.5 + side * 0.14)
        canvas.fill(box.block(min(leg), 0.68, max(leg), 0.96), paints("skin" if dress else "trousers"))
        canvas.fill(box.oval(0.5 + side * 0.11, 0.97, 0.08, 0.03), paints("shoes", "shoe"))
    if dress:
        canvas.fill(box.at([(0.4, 0.36), (0.6, 0.36), (0.74, 0.78), (0.26, 0.78)]), paints("dress"), 0.1)
    else:
        canvas.fill(box.at([(0.37, 0.36), (0.63, 0.36), (0.65, 0.7), (0.35, 0.7)]), paints("shirt"), 0.08)
    canvas.fill(box.oval(0.5, 0.21, 0.17, 0.15), paints("skin"))
    fringe = [(0.32, 0.2), (0.36, 0.06), (0.5, 0.02), (0.64, 0.06), (0.68, 0.2), (0.58, 0.12), (0.42, 0.13)]
    canvas.fill(box.curve(fringe, closed=True), paints("hair"))
    for side in (-1, 1):
        canvas.fill(box.oval(0.5 + side * 0.065, 0.21, 0.016, 0.02), paints("eye"))
    canvas.draw(box.curve([(0.43, 0.27), (0.5, 0.3), (0.57, 0.27)]))
