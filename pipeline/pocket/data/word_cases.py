"""Make drawings with prompts whose colour words' places are known: a thing and its part, a decoration, two things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.drawn_things import DRAWN, Drawn
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.motifs import MOTIFS, add_motif
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import SIDE, Box, Canvas, Float, Rng, place_square
from pipeline.pocket.data.recolouring import COLOUR_WORD, SAID_AT, find_groups
from pipeline.pocket.data.stage import UNCOLOURED
from pipeline.pocket.data.vector_pack import VectorPack

WORDS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
LEAST = 60  # px of a part that is asked for
CALLED: Mapping[str, tuple[str, ...]] = MappingProxyType(  # part of what code draws -> what people call it
    {
        **{"window": ("windows", "window"), "windows": ("windows", "windows"), "door": ("door",), "roof": ("roof",)},
        **{"wall": ("walls", "wall"), "chimney": ("chimney",), "knob": ("knob",), "gate": ("gate", "door")},
        **{"flag": ("flag",), "trunk": ("trunk",), "crown": ("leaves", "crown", "foliage"), "leaf": ("leaves", "leaf")},
        **{"fruit": ("apples", "fruit"), "coconut": ("coconuts",), "flower": ("flower",), "hole": ("hole",)},
        **{"pot": ("pot", "flower pot"), "petals": ("petals", "petal"), "centre": ("centre", "middle")},
        **{"stem": ("stem", "stalk"), "cap": ("cap", "hat", "top"), "dots": ("dots", "spots"), "eye": ("eyes",)},
        **{"inner ear": ("inner ears",), "ears": ("ears",), "nose": ("nose",), "chest": ("chest", "belly")},
        **{"muzzle": ("muzzle", "snout"), "tip of the tail": ("tip of the tail", "tail tip"), "tail": ("tail",)},
        **{"paws": ("paws", "feet"), "hooves": ("hooves", "feet"), "spots": ("spots", "patches"), "wings": ("wings",)},
        **{"stripes": ("stripes",), "fins": ("fins", "fin"), "wing": ("wings", "wing"), "beak": ("beak",)},
        **{"belly": ("belly", "chest"), "body": ("body",), "skin": ("face", "skin"), "hair": ("hair",)},
        **{"shirt": ("shirt", "sweater", "jacket"), "trousers": ("trousers", "pants", "jeans"), "rim": ("rim",)},
        **{"shoes": ("shoes", "boots"), "dress": ("dress", "skirt"), "bumper": ("bumper",), "hub": ("hubs",)},
        **{"rear lamps": ("tail lights",), "lamps": ("headlights", "lamps"), "rims": ("rims", "hubcaps")},
        **{"tyres": ("tyres", "wheels"), "stripe": ("stripe", "band"), "band": ("band", "stripe"), "cab": ("cab",)},
        **{"smoke": ("smoke", "steam"), "lamp": ("lamp", "light"), "portholes": ("portholes",), "mast": ("mast",)},
        **{"sail": ("sails", "sail"), "hull": ("hull", "boat"), "rail": ("rail",), "second sail": ("second sail",)},
        **{"flame": ("flames", "flame", "fire"), "arms": ("arms",), "buttons": ("buttons",), "hat": ("hat",)},
        **{"carrot": ("nose", "carrot nose"), "scarf": ("scarf",), "stalk": ("stalk", "stem"), "handle": ("handle",)},
        **{"coffee": ("coffee",), "lid": ("lid",), "icing": ("icing", "frosting"), "plate": ("plate",)},
        **{"candles": ("candles",), "flames": ("flames",), "cone": ("cone",), "face": ("face",), "snow": ("body",)},
        "rays": ("rays",),
    }
)
UNCOUNTED = ("hair", "coffee", "smoke", "steam", "skin", "icing", "frosting", "foliage", "fire", "fruit")
GROUNDS = (
    *("under a {} sky", "in front of a {} sky", "on a {} meadow", "on {} grass", "in front of a {} wall"),
    *("on a {} table", "on a {} carpet", "by a {} sea", "on a {} background", "in a {} room", "under a {} moon"),
)
STRANGERS = 0.4  # share of drawings by code in which something else lies about that no word means
GROUND_SAID = 0.3  # share of drawings with one colour word whose ground has one, too


@dataclass(frozen=True, eq=False)
class WordCase:
    """WordCase is a drawing with the places that colour words mean."""

    prompt: str
    lines: NDArray[np.uint8]  # (SIDE, SIDE) white on black
    wanted: tuple[tuple[str, NDArray[np.bool_]], ...]  # colour word, where (SIDE, SIDE)


class MarkedPaints(Paints):
    """MarkedPaints gives a thing's parts colours by which they are found again: main red, one part blue, all others
    greens.
    """

    def __init__(self, rng: Rng, main: str, part: str) -> None:
        super().__init__(rng)
        self.main, self.part = main, part

    def __call__(self, part: str, usual: str = "") -> Float:
        tone = {self.main: (0.9, 0.1, 0.1), self.part: (0.1, 0.1, 0.9)}.get(part)
        if part not in self.mixed:
            green = 0.3 + 0.6 * ((len(self.mixed) * 0.381) % 1)
            self.mixed[part] = np.array(tone or (0.05, green, 0.1), np.float32)
        return self.mixed[part]


class ListedPaints(Paints):
    """ListedPaints notes which parts are painted."""

    def __init__(self, rng: Rng) -> None:
        super().__init__(rng)
        self.asked: set[str] = set()

    def __call__(self, part: str, usual: str = "") -> Float:
        self.asked.add(part)
        return super().__call__(part, usual)


class WordCases:
    """WordCases makes drawings to learn from what colour words mean."""

    def __init__(self, pack: VectorPack) -> None:
        self._pack, self._rows = pack, list_rows(pack, held_out=False)
        self._parts = {key: list_parts(thing) for key, thing in DRAWN.items()}

    def make(self, rng: Rng) -> WordCase | None:
        """Make one: a thing with two coloured parts, one, a decoration, two things; None where a place hardly shows."""
        kind = rng.random()
        if kind < 0.45:
            return self._make_two_parts(rng)
        if kind < 0.7:
            return self._make_one_word(rng)
        if kind < 0.85:
            return make_decorated_case(self._pack, self._choose_row(rng), rng)
        return self._make_pair(rng)

    def _choose_row(self, rng: Rng) -> int:
        return self._rows[int(rng.integers(len(self._rows)))]

    def _make_two_parts(self, rng: Rng) -> WordCase | None:
        key = tuple(DRAWN)[int(rng.integers(len(DRAWN)))]
        thing, name = DRAWN[key], choose(DRAWN[key].words, rng)
        parts = [part for part in self._parts[key] if part != thing.main]
        if not parts:
            return None
        one, two = choose_two(rng)
        if rng.random() < 0.5 or len(self._parts[key]) < 2:
            first, second = thing.main, choose(parts, rng)
            prompt = f"{with_article(f'{one} {name}')} with {call_part(two, second, rng)}"
        else:
            first, second = rng.permutation(self._parts[key])[:2].tolist()
            prompt = f"{with_article(name)} with {call_part(one, first, rng)} and {call_part(two, second, rng)}"
        return make_marked_case(thing, first, second, (one, two), prompt, rng)

    def _make_one_word(self, rng: Rng) -> WordCase | None:
        """Make a drawing with one colour word; that of its ground, which no region is held to, may be said, too."""
        one, two = choose_two(rng)
        case = self._colour_drawn(one, rng) if rng.random() < 0.5 else self._colour_row(one, rng)
        if case is None or rng.random() > GROUND_SAID:
            return case
        nowhere = (two, np.zeros((SIDE, SIDE), np.bool_))
        ground = choose(GROUNDS, rng).format(two).replace(" a orange", " an orange")
        return WordCase(f"{case.prompt} {ground}", case.lines, (*case.wanted, nowhere))

    def _colour_drawn(self, word: str, rng: Rng) -> WordCase | None:
        key = tuple(DRAWN)[int(rng.integers(len(DRAWN)))]
        thing, name = DRAWN[key], choose(DRAWN[key].words, rng)
        parts = [part for part in self._parts[key] if part != thing.main]
        part = thing.main if not parts or rng.random() < 0.35 else choose(parts, rng)
        of_part = f"{with_article(name)} with {call_part(word, part, rng)}" if part != thing.main else ""
        return make_marked_case(thing, part, "", (word,), of_part or with_article(f"{word} {name}"), rng)

    def _colour_row(self, word: str, rng: Rng) -> WordCase | None:
        row = self._choose_row(rng)
        canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
        main = paste_row(canvas, self._pack, row, vary((0.5, 0.5), 0.03, rng), rng.uniform(0.5, 0.85))
        if main is None:
            return None
        prompt = with_article(f"{word} {name_row(self._pack, row)}")
        return WordCase(prompt, draw_lines(canvas, rng), ((word, np.isin(canvas.parts, main)),))

    def _make_pair(self, rng: Rng) -> WordCase | None:
        canvas, rows = Canvas(np.ones((SIDE, SIDE, 3), np.float32)), (self._choose_row(rng), self._choose_row(rng))
        mains = [
            paste_row(canvas, self._pack, row, vary((x, 0.5), 0.04, rng), rng.uniform(0.3, 0.46))
            for row, x in zip(rows, (0.27, 0.73), strict=True)
        ]
        words = choose_two(rng)
        named = [with_article(f"{word} {name_row(self._pack, row)}") for word, row in zip(words, rows, strict=True)]
        wanted = [
            (word, np.isin(canvas.parts, main)) for word, main in zip(words, mains, strict=True) if main is not None
        ]
        if len(wanted) < 2:
            return None
        order = slice(None, None, -1 if rng.random() < 0.5 else 1)
        joint = " next to " if rng.random() < 0.3 else " and "
        return WordCase(joint.join(named[order]), draw_lines(canvas, rng), tuple(wanted[order]))


def list_parts(thing: Drawn, tries: int = 8) -> list[str]:
    """List the parts of a thing that code draws which people have words for."""
    paints = ListedPaints(np.random.default_rng(0))
    for number in range(tries):
        rng = np.random.default_rng(number)
        thing.draw(
            Canvas(np.ones((SIDE, SIDE, 3), np.float32)), Box(0.1, 0.1, 0.8, 0.8 / thing.shape, rng), paints, rng
        )
    return sorted(paints.asked & set(CALLED))


def make_marked_case(
    thing: Drawn, first: str, second: str, words: Sequence[str], prompt: str, rng: Rng
) -> WordCase | None:
    """Draw a thing by code, of any size and place, and find one or two of its parts; None where one hardly shows."""
    canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
    if rng.random() < STRANGERS:
        draw_strangers(canvas, thing, rng)
    width = min(0.8, 0.85 * thing.shape) * rng.uniform(0.55, 1.0)
    height = width / thing.shape
    left, top = rng.uniform(0.03, 0.97 - width), rng.uniform(0.03, max(0.031, 0.97 - height))
    box = Box(left, top, width, height, rng, float(rng.choice([0.006, 0.008, 0.014])))
    thing.draw(canvas, box, MarkedPaints(rng, first, second), rng)
    places = find_marked(canvas)[: len(words)]
    if min(place.sum() for place in places) < LEAST:
        return None
    return WordCase(prompt, draw_lines(canvas, rng), tuple(zip(words, places, strict=True)))


def draw_strangers(canvas: Canvas, thing: Drawn, rng: Rng) -> None:
    """Draw one or two other things, small and anywhere, all of it in greens."""
    others = [one for one in DRAWN.values() if one.words[0] not in thing.words]
    for _ in range(int(rng.integers(1, 3))):
        other, width = others[int(rng.integers(len(others)))], rng.uniform(0.15, 0.35)
        left, top = rng.uniform(0.02, 0.98 - width), rng.uniform(0.02, 0.95 - width)
        other.draw(canvas, Box(left, top, width, width / other.shape, rng), MarkedPaints(rng, "", ""), rng)


def find_marked(canvas: Canvas) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find what MarkedPaints painted red and blue, each (SIDE, SIDE)."""
    red, green, blue = np.moveaxis(canvas.colours, -1, 0)
    return red > 2 * np.maximum(green, blue), blue > 2 * np.maximum(red, green)


def make_decorated_case(pack: VectorPack, row: int, rng: Rng) -> WordCase | None:
    """Draw a row of the pack with a decoration; None where it has no main colour or no room."""
    canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
    numbers = paste_row(canvas, pack, row, (0.5, 0.5), 0.8)
    one, two = choose_two(rng)
    if numbers is None:
        return None
    before, main = canvas.parts.copy(), np.isin(canvas.parts, numbers)
    words = add_motif(canvas, np.unique(before[main]), one, rng)
    changed = cv2.erode((canvas.parts != before).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    kind = next((kind for kind in MOTIFS if words.endswith(kind)), "")
    if not kind or changed.sum() < LEAST:
        return None
    motif = main_part(canvas.parts, changed)
    wanted = (one, main & (canvas.parts == before)), (two, motif)
    return WordCase(
        f"{with_article(f'{one} {name_row(pack, row)}')} with {listed(two, kind)}", draw_lines(canvas, rng), wanted
    )


def main_part(parts: NDArray[np.int32], changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the decoration without its last part where that is a small centre."""
    numbers, counts = np.unique(parts[changed], return_counts=True)
    return changed & (parts != numbers[-1]) if len(numbers) > 4 and counts[-1] < 0.4 * counts.sum() else changed


def paste_row(
    canvas: Canvas, pack: VectorPack, row: int, middle: tuple[float, float], size: float
) -> NDArray[np.int_] | None:
    """Lay a row of the pack down and return the numbers of the parts that have its main colour; None without one."""
    colours, regions = np.array(pack.colours[row]), np.array(pack.regions[row])
    ink = np.unpackbits(np.array(pack.ink[row]), axis=-1)
    first = canvas.paste(np.float32(1 / 255) * colours, regions, ink, place_square(middle, size))
    groups = find_groups(colours, regions)
    return np.array(groups[0].regions) + first - 1 if groups and groups[0].share >= SAID_AT else None


def list_rows(pack: VectorPack, *, held_out: bool) -> list[int]:
    """List the rows of the pack, held out or not, whose name a colour word may stand before."""
    return [int(row) for row in np.flatnonzero(pack.held_out == held_out) if not UNCOLOURED.search(pack.names[row])]


def name_row(pack: VectorPack, row: int) -> str:
    """Return the name of a row without colour words."""
    return COLOUR_WORD.sub("", pack.names[row]) or pack.names[row]


def vary(middle: tuple[float, float], deviation: float, rng: Rng) -> tuple[float, float]:
    return middle[0] + rng.normal(0, deviation), middle[1] + rng.normal(0, deviation)


def choose(names: Sequence[str], rng: Rng) -> str:
    return names[int(rng.integers(len(names)))]


def choose_two(rng: Rng) -> tuple[str, str]:
    """Choose two different colour words."""
    one, two = rng.choice(len(WORDS), 2, replace=False)
    return WORDS[int(one)], WORDS[int(two)]


def call_part(word: str, part: str, rng: Rng) -> str:
    """Return a coloured part as a prompt says it: "a red roof"."""
    return listed(word, choose(CALLED[part], rng))


def listed(word: str, name: str) -> str:
    """Return a colour word and a name with the article that they need, if any."""
    return f"{word} {name}" if name.endswith("s") or name in UNCOUNTED else with_article(f"{word} {name}")


def with_article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
