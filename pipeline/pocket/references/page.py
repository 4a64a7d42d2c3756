"""Draw scenes as people draw them: one thing on a pale sheet, a line of ground, a cloud or the sun."""

from __future__ import annotations

from pipeline.pocket.references.drawing import SIDE, Drawing, draw_bush, draw_cloud, draw_sky
from pipeline.pocket.references.indoors import draw_plant, draw_seated_cat
from pipeline.pocket.references.land import GREENS, draw_boat, draw_house
from pipeline.pocket.references.tale import draw_bird, draw_blossom, draw_mushroom, draw_seated_fox
from pipeline.pocket.references.town import draw_car


def draw_grass(d: Drawing, top: float, light: str = "#b7d98a", deep: str = "#8fbf62") -> None:
    """Draw a strip of grass from `top` to the bottom."""
    d.add_path(f"M-10 {top} Q180 {top - 10} 300 {top} T522 {top} V522 H-10 Z", d.add_gradient(light, deep))


def draw_lone_fox(d: Drawing) -> None:
    """Draw a fox on a strip of grass before a pale evening sky."""
    draw_sky(d, "#f8e3bf", "#fcf1da")
    draw_grass(d, 440)
    draw_seated_fox(d)
    draw_mushroom(d, 92, 470, 0.9)


def draw_lone_cat(d: Drawing) -> None:
    """Draw a ginger cat beside a pot plant on a pale floor."""
    draw_sky(d, "#dfeaf2", "#eef3f4")
    d.add_rect(0, 396, SIDE, 118, d.add_gradient("#e6cfae", "#d8b98e"))
    draw_plant(d, 406, 398)
    draw_seated_cat(d)


def draw_lone_car(d: Drawing) -> None:
    """Draw a red car on a grey road, two clouds."""
    draw_sky(d, "#b9dcf2", "#e6f3f8")
    draw_cloud(d, 130, 120, 46)
    draw_cloud(d, 390, 90, 34)
    d.add_rect(0, 404, SIDE, 110, d.add_gradient("#b9b9b6", "#a3a3a2"))
    draw_car(d, 112, 434, "#d9443a", "#a92f2c")


def draw_cottage(d: Drawing) -> None:
    """Draw a house on a lawn, the sun and a bush."""
    draw_sky(d, "#a8d4f0", "#dff0f7")
    d.add_circle(82, 84, 38, "#f8d64e")
    draw_cloud(d, 372, 96, 44)
    draw_grass(d, 372, "#a9d47a", "#7fb858")
    draw_house(d, 164, 386)
    draw_bush(d, 428, 388, 40, GREENS[1:])


def draw_lone_boat(d: Drawing) -> None:
    """Draw a sailing boat on a calm pale sea."""
    draw_sky(d, "#cfe6f3", "#f6efe0")
    draw_cloud(d, 120, 110, 40)
    d.add_rect(0, 382, SIDE, 132, d.add_gradient("#8cc3d9", "#5fa2c4"))
    draw_boat(d, 144, 420, 1.0, "#d9412f", "#fff7e6", "#f2b33d")


def draw_toadstools(d: Drawing) -> None:
    """Draw a large toadstool and two small ones on a lawn, a cloud."""
    draw_sky(d, "#d4ecf6", "#f4f8ef")
    draw_cloud(d, 404, 104, 42)
    draw_grass(d, 412, "#aed67e", "#84ba5c")
    draw_mushroom(d, 226, 372, 4.8)
    draw_mushroom(d, 400, 424, 2.3)
    draw_mushroom(d, 82, 448, 1.4)


def draw_lone_bird(d: Drawing) -> None:
    """Draw a blue bird on a bare branch with a few blossoms."""
    draw_sky(d, "#f6efdc", "#fbf7ec")
    course = "M-10 376 Q90 336 180 338 Q280 342 352 300 Q410 268 522 262"
    d.add_stroke(course, "#3d2a22", 20)
    d.add_stroke(course, "#6b4a38", 9)
    draw_bird(d)
    for x, y, size in ((64, 346, 24), (430, 274, 26), (482, 256, 18)):
        draw_blossom(d, x, y, size)
