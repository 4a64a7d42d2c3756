"""A picture while it is put together: the canvas, the place, what stands there, and the words for all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from pipeline.pocket.data.colors import COLORS
from pipeline.pocket.data.drawn_things import DRAWN, Drawn
from pipeline.pocket.data.motifs import add_motif
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import GROUND, Box, Canvas, Rng, place_square
from pipeline.pocket.data.places import Place
from pipeline.pocket.data.recolouring import COLOUR_WORD, SAID_AT, find_groups, paint_group, usual_word
from pipeline.pocket.data.vector_pack import PEOPLE, VectorPack

RECOLOURED = 0.25  # share of things that a colour word paints
USUAL_SAID = 0.2  # share of the others whose own colour is said
PARTS_SAID = 0.5  # share of drawn things that name the colours of parts
UNCOLOURED = re.compile(f"rainbow|{PEOPLE.pattern}")  # nobody means skin by a colour word
TWO_SAID = 0.12  # share of recoloured things with two colour words
DECORATED = 0.14  # share of the pack's things with a decoration that words name


@dataclass(eq=False)
class Stage:
    rng: Rng
    place: Place
    phrases: list[str] = field(default_factory=list)  # what a caption says stands there
    names: list[str] = field(default_factory=list)  # the things' names, for their palettes
    land: int = GROUND  # the number of the part that is land below a drawn horizon

    def __post_init__(self) -> None:
        self.canvas = Canvas(self.place.image)

    def draw_ground(self) -> None:
        """Let the place's horizon be drawn as a line, as who draws a ground line does."""
        line, place, rng = self.place.horizon, self.place, self.rng
        if line >= 1:
            return
        wave = rng.normal(0, 0.006, 6) + rng.uniform(0, 0.012) * np.sin(np.linspace(0, 6, 6) + rng.uniform(0, 6))
        edge = np.stack([np.linspace(-0.02, 1.02, 6), line + wave], -1)
        if place.land is None:
            self.canvas.draw(edge)
            return
        box = Box(0, 0, 1, 1, rng, 0.0)
        outline = np.vstack([box.curve(edge), [(1.02, 1.02), (-0.02, 1.02)]])
        self.land = self.canvas.fill(outline, place.land, 0.15)

    def add_drawn(self, key: str, left: float, top: float, width: float, *, said: bool = True) -> Drawn:
        """Draw a thing by code into a frame, its height by its shape; sometimes words give parts their colours."""
        thing, rng = DRAWN[key], self.rng
        wish = choose_wish(thing, rng) if said else {}
        paints = Paints(rng, wish)
        rough = float(rng.choice((0.004, 0.01, 0.018)))
        thing.draw(self.canvas, Box(left, top, width, width / thing.shape, rng, rough), paints, rng)
        name = pick(rng, thing.words)
        if said:
            used = {part: word for part, word in wish.items() if part in paints.mixed}
            self.phrases.append(describe(thing, name, used, rng))
        self.names.append(key if not said else name)
        return thing

    def add_sprite(
        self, pack: VectorPack, row: int, middle: tuple[float, float], size: float, turn: float = 0.0
    ) -> None:
        """Lay a drawing of the pack down; a minority is recoloured by a word."""
        rng, name, said = self.rng, pack.names[row], ""
        colours, regions = np.array(pack.colours[row]), np.array(pack.regions[row])
        phrase, bare = name, COLOUR_WORD.sub("", name) or name
        luck = rng.random()
        groups = find_groups(colours, regions) if luck < RECOLOURED + USUAL_SAID else []
        if groups and groups[0].share >= SAID_AT and not UNCOLOURED.search(name):
            if luck < RECOLOURED:
                word = pick(rng, tuple(COLORS))
                colours = paint_group(colours, regions, groups[0], word, rng)
                said, phrase = word, f"{word} {bare}"
                if len(groups) > 1 and groups[1].share > 0.15 and rng.random() < 2 * TWO_SAID:
                    other = pick(rng, tuple(one for one in COLORS if one != word))
                    colours = paint_group(colours, regions, groups[1], other, rng)
                    phrase = f"{word} and {other} {bare}"
            elif usual := usual_word(colours, regions, groups[0]):
                phrase = f"{usual} {bare}"
        ink = np.unpackbits(pack.ink[row], axis=-1)
        move = place_square(middle, size, turn, bool(rng.random() < 0.5))
        light = np.float32(self.place.dim / 255)
        first = self.canvas.paste(colours.astype(np.float32) * light, regions, ink, move)
        phrase = with_article(phrase, rng)
        if rng.random() < DECORATED:
            main = groups[0].regions if groups else (1,)
            motif = add_motif(self.canvas, np.array(main) + first - 1, said, rng)
            phrase = f"{phrase} with {motif}" if motif else phrase
        self.phrases.append(phrase)
        self.names.append(bare)

    def add_strokes(self, kind: str, count: int, area: tuple[float, float, float, float]) -> None:
        """Pen strokes that surround no colour: grass, birds, waves, snow, rain, within (left, top, right, bottom)."""
        rng = self.rng
        left, top, right, bottom = area
        for x, y in rng.uniform((left, top), (right, bottom), (count, 2)):
            size = rng.uniform(0.02, 0.045)
            if kind == "grass":
                for bend in (-0.4, 0, 0.5):
                    self.canvas.draw([(x, y), (x + bend * size, y - size * rng.uniform(0.7, 1.1))])
            elif kind == "birds":
                self.canvas.draw([(x - size, y - 0.4 * size), (x, y), (x + size, y - 0.4 * size)])
            elif kind == "waves":
                spots = np.linspace(-2, 2, 9)
                self.canvas.draw(np.stack([x + spots * size, y + 0.3 * size * np.sin(spots * 3)], -1))
            elif kind == "rain":
                self.canvas.draw([(x, y), (x - 0.3 * size, y + 1.2 * size)], (0.45, 0.65, 0.88))
            else:
                self.canvas.fill(Box(x, y, size, size, rng).oval(0.5, 0.5, 0.35, 0.35), (0.98, 0.99, 1.0))


def choose_wish(thing: Drawn, rng: Rng) -> dict[str, str]:
    """Colour words for some of a thing's parts; mostly for none."""
    every = thing.colours or tuple(COLORS)
    chance, wish = rng.random(), {}
    if chance < RECOLOURED + 0.1 or chance > 1 - PARTS_SAID / 2:
        wish[thing.main] = pick(rng, every if rng.random() < 0.75 else tuple(COLORS))
    if thing.parts and chance > 1 - PARTS_SAID:
        parts = list(thing.parts)
        for part in rng.permutation(parts)[: int(rng.integers(1, min(3, len(parts)) + 1))]:
            wish.setdefault(str(part), pick(rng, tuple(COLORS)))
    return wish


def describe(thing: Drawn, name: str, used: dict[str, str], rng: Rng) -> str:
    """ "a red house with a green roof and a blue door"."""
    main = used.get(thing.main) if thing.main not in thing.parts or rng.random() < 0.6 else None
    said = [(thing.parts[part], word) for part, word in used.items() if part in thing.parts]
    said = [(part, word) for part, word in said if main is None or thing.parts.get(thing.main) != part]
    phrase = with_article(f"{main} {name}" if main else name, rng)
    listed = [f"{word} {part}" if part.endswith("s") else f"a {word} {part}" for part, word in said]
    return f"{phrase} with {' and '.join(listed)}" if listed else phrase


def with_article(phrase: str, rng: Rng) -> str:
    if phrase.endswith("s") and not phrase.endswith(("ss", "us")):
        return phrase
    if rng.random() < 0.08:
        return phrase
    article = "an" if phrase[0] in "aeiou" else "a"
    if rng.random() < 0.12:
        return f"a {pick(rng, ('little', 'big', 'cute', 'happy', 'small', 'beautiful', 'friendly'))} {phrase}"
    return f"the {phrase}" if rng.random() < 0.06 else f"{article} {phrase}"


def pick(rng: Rng, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
