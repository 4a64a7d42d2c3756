"""Everything that code draws, with the words for it and for the parts that a caption can give a colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pipeline.pocket.data import drawn_animals as animals
from pipeline.pocket.data import drawn_buildings as buildings
from pipeline.pocket.data import drawn_objects as objects
from pipeline.pocket.data import drawn_vehicles as vehicles
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Canvas, Rng

Draw = Callable[[Canvas, Box, Paints, Rng], None]


@dataclass(frozen=True)
class Drawn:
    """One thing that code can draw."""

    words: tuple[str, ...]  # what it is called
    draw: Draw
    main: str  # the part that a colour word before the name paints
    parts: dict[str, str]  # part -> how a caption calls it: "roof" -> "roof"
    shape: float  # width / height
    stands: str  # "land", "water", "sky", "table"
    colours: tuple[str, ...] = ()  # colour words that people use for it; all if empty


BRIGHT = ("red", "blue", "yellow", "green", "pink", "purple", "orange", "white")
FUR = ("orange", "gray", "black", "white", "brown")


def furry(name: str, ears: str, fur: str, *more: str) -> Drawn:
    draw = partial(animals.draw_furry, animal=name, ears=ears, fur=fur)
    return Drawn((name, *more), draw, name, {"chest": "chest", "paws": "paws"}, 0.8, "land", (*FUR, "red", "blue"))


def head(name: str, ears: str, fur: str) -> Drawn:
    def draw(canvas: Canvas, box: Box, paints: Paints, rng: Rng) -> None:
        paints(name, fur)
        animals.draw_head(canvas, box.inner(0.12, 0.2, 0.76, 0.75), paints, rng, name, ears)

    return Drawn((f"{name} face", f"{name}'s face", f"face of a {name}", name), draw, name, {}, 1.0, "face", FUR)


def on_legs(name: str, fur: str) -> Drawn:
    draw = partial(animals.draw_four_legs, animal=name, fur=fur)
    return Drawn((name,), draw, name, {"spots": "spots"}, 1.25, "land", FUR)


DRAWN: dict[str, Drawn] = {
    "house": Drawn(
        ("house", "little house", "cottage", "home"),
        buildings.draw_house,
        "wall",
        {"roof": "roof", "door": "door", "wall": "walls", "window": "windows", "chimney": "chimney"},
        1.1,
        "land",
    ),
    "castle": Drawn(
        ("castle", "stone castle"),
        buildings.draw_castle,
        "wall",
        {"roof": "roofs", "flag": "flag", "gate": "gate"},
        1.0,
        "land",
    ),
    "tree": Drawn(
        ("tree", "big tree"),
        buildings.draw_tree,
        "crown",
        {"crown": "leaves", "trunk": "trunk", "fruit": "apples"},
        0.8,
        "land",
        ("green", "orange", "red", "yellow", "pink"),
    ),
    "fir": Drawn(
        ("fir tree", "pine tree", "christmas tree"),
        buildings.draw_fir,
        "crown",
        {},
        0.65,
        "land",
        ("green", "blue", "white"),
    ),
    "palm": Drawn(("palm tree", "palm"), buildings.draw_palm, "leaf", {}, 0.9, "land", ("green",)),
    "cactus": Drawn(
        ("cactus",), buildings.draw_cactus, "cactus", {"pot": "pot", "flower": "flower"}, 0.8, "land", ("green",)
    ),
    "flower": Drawn(
        ("flower", "daisy", "blossom"),
        buildings.draw_flower,
        "petals",
        {"petals": "petals", "centre": "centre", "stem": "stem"},
        0.6,
        "land",
        BRIGHT,
    ),
    "mushroom": Drawn(
        ("mushroom", "toadstool"),
        buildings.draw_mushroom,
        "cap",
        {"cap": "cap", "dots": "dots"},
        0.95,
        "land",
        ("red", "brown", "purple", "orange"),
    ),
    "cat": furry("cat", "pointed", "cat", "kitten", "cat sitting"),
    "dog": furry("dog", "hanging", "dog", "puppy"),
    "fox": furry("fox", "pointed", "fox", "little fox"),
    "rabbit": furry("rabbit", "long", "rabbit", "bunny"),
    "bear": furry("bear", "round", "bear", "teddy bear"),
    "mouse": furry("mouse", "round", "mouse", "little mouse"),
    "cat face": head("cat", "pointed", "cat"),
    "dog face": head("dog", "hanging", "dog"),
    "bear face": head("bear", "round", "bear"),
    "rabbit face": head("rabbit", "long", "rabbit"),
    "standing dog": on_legs("dog", "dog"),
    "horse": on_legs("horse", "dog"),
    "cow": on_legs("cow", "belly"),
    "fish": Drawn(
        ("fish", "little fish", "goldfish"),
        animals.draw_fish,
        "fish",
        {"fins": "fins", "stripes": "stripes"},
        1.45,
        "water",
    ),
    "bird": Drawn(
        ("bird", "little bird"),
        animals.draw_bird,
        "bird",
        {"belly": "belly", "beak": "beak", "wing": "wings"},
        1.1,
        "land",
    ),
    "butterfly": Drawn(("butterfly",), animals.draw_butterfly, "wings", {"spots": "spots"}, 1.1, "sky"),
    "person": Drawn(
        ("person", "child", "girl", "boy", "woman", "man"),
        animals.draw_person,
        "shirt",
        {"hair": "hair", "dress": "dress", "shirt": "shirt", "trousers": "trousers", "shoes": "shoes"},
        0.55,
        "land",
        (),
    ),
    "car": Drawn(("car", "automobile"), vehicles.draw_car, "car", {"windows": "windows"}, 1.9, "road"),
    "bus": Drawn(("bus", "school bus"), vehicles.draw_bus, "bus", {"stripe": "stripe"}, 1.7, "road"),
    "train": Drawn(
        ("train", "steam train", "locomotive"),
        vehicles.draw_train,
        "train",
        {"roof": "roof", "cab": "cab"},
        1.3,
        "land",
    ),
    "boat": Drawn(
        ("sailboat", "boat", "sailing boat", "ship"),
        vehicles.draw_boat,
        "hull",
        {"sail": "sails", "hull": "hull", "flag": "flag"},
        1.0,
        "water",
    ),
    "rocket": Drawn(
        ("rocket", "spaceship"), vehicles.draw_rocket, "rocket", {"fins": "fins", "nose": "nose"}, 0.6, "sky"
    ),
    "sun": Drawn(("sun",), objects.draw_sun, "sun", {}, 1.0, "sky", ("yellow", "orange", "red")),
    "cloud": Drawn(("cloud",), objects.draw_cloud, "cloud", {}, 1.7, "sky", ("white", "gray", "pink")),
    "moon": Drawn(("moon", "crescent moon"), objects.draw_moon, "moon", {}, 1.0, "night", ("yellow", "white")),
    "star": Drawn(("star",), objects.draw_star, "star", {}, 1.0, "night", ("yellow", "red", "blue", "white")),
    "snowman": Drawn(
        ("snowman",), objects.draw_snowman, "snow", {"hat": "hat", "scarf": "scarf"}, 0.75, "land", ("white",)
    ),
    "apple": Drawn(
        ("apple",), objects.draw_apple, "apple", {"leaf": "leaf"}, 0.95, "table", ("red", "green", "yellow")
    ),
    "balloon": Drawn(("balloon",), objects.draw_balloon, "balloon", {}, 0.7, "sky", BRIGHT),
    "umbrella": Drawn(("umbrella",), objects.draw_umbrella, "umbrella", {"handle": "handle"}, 0.95, "sky", BRIGHT),
    "cup": Drawn(("cup", "cup of coffee", "mug", "cup of tea"), objects.draw_cup, "cup", {}, 1.05, "table", BRIGHT),
    "teapot": Drawn(
        ("teapot",), objects.draw_teapot, "teapot", {"flower": "flower", "lid": "lid"}, 1.25, "table", BRIGHT
    ),
    "cake": Drawn(
        ("cake", "birthday cake"),
        objects.draw_cake,
        "cake",
        {"icing": "icing", "candles": "candles", "plate": "plate"},
        1.0,
        "table",
    ),
    "ice cream": Drawn(
        ("ice cream", "ice cream cone"),
        objects.draw_ice_cream,
        "ice cream",
        {},
        0.65,
        "table",
        ("pink", "white", "brown", "green", "yellow"),
    ),
    "pumpkin": Drawn(
        ("pumpkin", "halloween pumpkin"),
        objects.draw_pumpkin,
        "pumpkin",
        {"stalk": "stalk"},
        1.1,
        "table",
        ("orange", "white", "green"),
    ),
    "vase": Drawn(("vase",), buildings.draw_vase, "vase", {"band": "stripe"}, 0.7, "table", BRIGHT),
    "pot": Drawn(("flower pot", "pot"), buildings.draw_pot, "pot", {}, 1.0, "table", BRIGHT),
}
