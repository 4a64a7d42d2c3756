"""What the pocket model is asked to draw when it is measured, and the figures that come of it.

Everything is a function of fixed seeds. A trial only needs `Bench.draw`, from request to picture, so that the
originals, the renderers and any engine are measured by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.pocket.measures import (
    Figure,
    LookMeasure,
    Pixels,
    edge_f1,
    figure,
    mean_difference,
    mean_lab,
    obeyed,
    read_lines,
)
from pipeline.pocket.pack import Pack, Thing
from pipeline.pocket.renderers import DEFAULTS, RENDERERS, render
from pipeline.pocket.scenes import Picture, bare_name, compose
from pipeline.pocket.strokes import Lines, redraw, stroke_edges, to_bytes
from pipeline.profiles import ModelProfile
from pipeline.values import EdgeMap, GenerationRequest, Style, StyleMix

HASTE = 0.4  # of the near-plain lines that the model is given
COLOR_WORDS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
USUAL_THINGS = ("cat", "house", "fish", "bird", "rocket", "top hat", "dress", "whale", "airplane", "automobile")
OTHERS = 7  # styles that a result might be nearer to than to its own
TURNED: dict[str, tuple[float, float]] = {  # each control at two of its values
    "ip_adapter_scale": (0.0, 1.0),
    "controlnet_conditioning_scale": (0.0, 1.0),
    "guidance_scale": (1.0, 7.0),
    "num_inference_steps": (2, 12),
    "seed": (0, 1),
}
NOTICEABLE = 1 / 255  # mean absolute difference that counts as a changed picture


@dataclass(frozen=True, eq=False)
class Case:
    """A drawing with the picture it was taken from."""

    picture: Picture
    original: Pixels
    lines: Lines  # given to the model
    seed: int


@dataclass(frozen=True, eq=False)
class Strip:
    """Pictures side by side in a contact sheet."""

    pictures: tuple[NDArray[np.uint8], ...]
    caption: str


@dataclass(frozen=True)
class Outcome:
    figures: tuple[Figure, ...]
    strips: tuple[Strip, ...] = field(default=(), compare=False)


@dataclass(frozen=True, eq=False)
class Bench:
    """An engine under test."""

    draw: Callable[[GenerationRequest], Pixels]
    profile: ModelProfile
    mix: StyleMix  # what a prompt that names no style gets

    def ask(self, prompt: str, case: Case, mix: StyleMix | None = None, controls: Mapping[str, float] = {}) -> Pixels:
        """The engine's picture at the profile's default settings but for `controls`."""
        settings = {**self.profile.defaults, "seed": case.seed, **controls}
        return self.draw(GenerationRequest(
            engine=self.profile.name, prompt=prompt, negative_prompt="", edges=EdgeMap(case.lines, "lines"),
            styles=mix or self.mix, width=self.profile.width, height=self.profile.height,
            num_inference_steps=int(settings["num_inference_steps"]), guidance_scale=settings["guidance_scale"],
            ip_adapter_scale=settings["ip_adapter_scale"],
            controlnet_conditioning_scale=settings["controlnet_conditioning_scale"], seed=int(settings["seed"]),
        ))


def make_case(things: Sequence[Thing], seed: int, side: int, *, color: str | None = "any",
              subject: Thing | None = None, alone: bool = False) -> Case:
    """A composed picture and its near-plain lines, all from the seed."""
    rng = np.random.default_rng([20, seed])
    picture = compose(things, rng, side, color=color, subject=subject, alone=alone)
    lines = redraw(stroke_edges(picture.image, rng, plain=True), rng, HASTE)
    return Case(picture, to_bytes(picture.image), lines, seed)


def edge_trial(bench: Bench, things: Sequence[Thing], count: int) -> Outcome:
    """Do the results' edges lie where the drawing's lines are?"""
    cases = [make_case(things, seed, bench.profile.width) for seed in range(count)]
    drawn = [bench.ask(case.picture.caption, case) for case in cases]
    return Outcome((
        figure("edge F1, results", [follow(case, pixels) for case, pixels in zip(cases, drawn, strict=True)], 0.65),
        figure("edge F1, originals (sanity)", [follow(case, case.original) for case in cases], 0.95),
        figure("edge F1, the lines themselves, dark on white", [follow(case, inked(case.lines)) for case in cases]),
        figure("edge F1, one mean colour", [follow(case, flat(case.original)) for case in cases]),
        figure("edge F1, another drawing's original",
               [follow(case, other.original) for case, other in pairwise(cases)]),
    ), tuple(Strip((to_rgb(case.lines), case.original, pixels), case.picture.caption)
             for case, pixels in zip(cases[:24], drawn, strict=False)))


def follow(case: Case, picture: Pixels) -> float:
    return edge_f1(case.lines, read_lines(picture))


def inked(lines: Lines) -> Pixels:
    """The lines drawn dark on white with a thin pen."""
    return 255 - to_rgb(np.asarray(cv2.dilate(lines, np.ones((2, 2), np.uint8)), np.uint8))


def flat(picture: Pixels) -> Pixels:
    return np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape).astype(np.uint8)


def to_rgb(lines: Lines) -> Pixels:
    return np.repeat(lines[..., None], 3, axis=2)


def color_trial(bench: Bench, pack: Pack, words: Sequence[str] = COLOR_WORDS) -> Outcome:
    """Is "a blue cat" blue? Ten colours by ten objects; the drawing tells nothing of the colour."""
    things = choose_things(pack)
    cases = [make_case([thing], 500 + i, bench.profile.width, color=None, alone=True) for i, thing in enumerate(things)]
    hits: dict[str, list[float]] = {word: [] for word in words}
    strips = []
    for case in cases:
        name = bare_name(case.picture.subject.name)
        drawn = tuple(bench.ask(f"a {word} {name}", case) for word in words)
        for word, pixels in zip(words, drawn, strict=True):
            hits[word].append(float(obeyed(word, pixels, case.picture.subject_mask)))
        strips.append(Strip((to_rgb(case.lines), *drawn), f"{name}: {', '.join(words)}"))
    every = [hit for found in hits.values() for hit in found]
    return Outcome((figure("colour words obeyed", every, 0.85),
                    *(figure(f"  {word}", found) for word, found in hits.items())), tuple(strips))


def choose_things(pack: Pack) -> list[Thing]:
    """The usual things that the pack has, filled up with held-out ones."""
    named = {thing.name: thing for thing in pack.things}
    chosen = [named[name] for name in USUAL_THINGS if name in named]
    return (chosen + [thing for thing in pack.held_out if thing not in chosen])[:len(USUAL_THINGS)]


def usual_trial(bench: Bench, pack: Pack, count: int) -> Outcome:
    """Without a colour word: is the thing's mean colour nearer its own original than another thing's?"""
    cases = [make_case([thing], 700 + i, bench.profile.width, color=None, alone=True)
             for i, thing in enumerate(pack.training[::max(1, len(pack.training) // count)][:count])]
    own = [mean_lab(case.original, case.picture.subject_mask) for case in cases]
    drawn = [bench.ask(f"a {case.picture.subject.name}", case) for case in cases]
    nearer = []
    for i, (case, pixels) in enumerate(zip(cases, drawn, strict=True)):
        found = mean_lab(pixels, case.picture.subject_mask)
        away = [float(np.linalg.norm(found - color)) for color in own]
        nearer.append(float(np.mean([away[i] < other for k, other in enumerate(away) if k != i])))
    return Outcome((figure("usual colours: nearer own thing's than another's (chance 0.5)", nearer),), tuple(
        Strip((to_rgb(case.lines), case.original, pixels), case.picture.caption)
        for case, pixels in zip(cases[:12], drawn, strict=False)))


def style_trial(bench: Bench, pack: Pack, styles: Sequence[Style], count: int) -> Outcome:
    """Is a result nearer its own style's reference than 7 others'? With the style's words and by its image alone."""
    references = {style.id: read_reference(style) for style in styles}
    cases = [make_case(pack.held_out, 900 + i, bench.profile.width) for i in range(count)]
    fitted = fit_looks(pack, references, bench.profile.width)
    plain = LookMeasure.standardised([*references.values(), *(case.original for case in cases)])
    rng = np.random.default_rng(8)
    found: dict[str, list[float]] = {}
    strips = []
    for i, case in enumerate(cases):
        style = styles[i % len(styles)]
        rivals = [other.id for other in styles if other.id != style.id]
        shelf = [references[id] for id in (style.id, *rng.permutation(rivals)[:OTHERS])]
        made = wear(bench, case, style)
        for name, pixels in made.items():
            found.setdefault(name, []).append(float(fitted.nearest(pixels, shelf) == 0))
            found.setdefault(f"{name} plain", []).append(float(plain.nearest(pixels, shelf) == 0))
            found.setdefault(f"{name} edges", []).append(follow(case, pixels))
        strips.append(Strip((to_rgb(case.lines), shelf[0], *made.values()), f"{style.id}: {', '.join(made)}"))
    return Outcome((
        figure("style: nearest its own reference of 8 (chance 0.125)", found["worn"], 0.6),
        figure("style: the same by the image alone, no style words", found["image"]),
        figure("style: the renderers themselves (sanity)", found.get("renderer", [])),
        figure("style, statistics only standardised: results", found["worn plain"]),
        figure("style, statistics only standardised: the renderers", found.get("renderer plain", [])),
        figure("edge F1, results in all styles", found["worn edges"]),
        figure("edge F1, the renderers in all styles", found.get("renderer edges", [])),
    ), tuple(strips[:40]))


def fit_looks(pack: Pack, references: Mapping[str, Pixels], side: int, contents: int = 6) -> LookMeasure:
    """The measure of looks, from the renderers painting training things (never those that are drawn here)."""
    taught = []
    for number, (id, reference) in enumerate(references.items()):
        if id in RENDERERS:
            cases = [make_case(pack.training, 5000 + contents * number + i, side) for i in range(contents)]
            taught.append((reference, [paint(id, case) for case in cases]))
    return LookMeasure.fitted(taught)


def paint(style_id: str, case: Case) -> Pixels:
    """The case's own picture by the style's renderer, in the library's look."""
    rng = np.random.default_rng([30, case.seed])
    return to_bytes(render(style_id, case.picture.image, DEFAULTS[style_id], rng))


def wear(bench: Bench, case: Case, style: Style) -> dict[str, Pixels]:
    """The case drawn in a style: as the program does, without the style's words, and by the style's renderer."""
    wordless = replace(style, template="{prompt}")
    caption, full = case.picture.caption, {"ip_adapter_scale": 1.0}
    made = {"worn": bench.ask(caption, case, StyleMix.of(style), full),
            "image": bench.ask(caption, case, StyleMix.of(wordless), full)}
    if style.id in RENDERERS:
        made["renderer"] = paint(style.id, case)
    return made


def read_reference(style: Style, side: int = 128) -> Pixels:
    with Image.open(style.image) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BOX))


def control_trial(bench: Bench, pack: Pack, styles: Sequence[Style], count: int = 4) -> Outcome:
    """Does each control, turned, change the picture? And the words, and the style?"""
    cases = [make_case(pack.training, 1100 + i, bench.profile.width) for i in range(count)]
    figures = []
    for name, (low, high) in TURNED.items():
        changed = [mean_difference(bench.ask(case.picture.caption, case, controls={name: low}),
                                   bench.ask(case.picture.caption, case, controls={name: high})) for case in cases]
        figures.append(figure(f"change by {name} {low:g} -> {high:g}", changed, NOTICEABLE))
    for name, one, other in (("prompt", "a red fox", "a blue fox"), ("place", "a fox on snow", "a fox at night")):
        changed = [mean_difference(bench.ask(one, case), bench.ask(other, case)) for case in cases]
        figures.append(figure(f"change by {name}", changed, NOTICEABLE))
    changed = [mean_difference(bench.ask("a fox", case, StyleMix.of(styles[0])),
                               bench.ask("a fox", case, StyleMix.of(styles[-1]))) for case in cases]
    figures.append(figure("change by style", changed, NOTICEABLE))
    return Outcome(tuple(figures))


def seed_trial(bench: Bench, pack: Pack, count: int = 6, seeds: int = 4) -> Outcome:
    """How much pictures of one drawing and prompt differ between seeds: mean absolute difference of pairs."""
    spread, strips = [], []
    for i in range(count):
        case = make_case(pack.training, 1300 + i, bench.profile.width)
        drawn = tuple(bench.ask(case.picture.caption, case, controls={"seed": seed}) for seed in range(seeds))
        spread.append(float(np.mean([mean_difference(one, other) for k, one in enumerate(drawn)
                                     for other in drawn[k + 1:]])))
        strips.append(Strip((to_rgb(case.lines), *drawn), case.picture.caption))
    return Outcome((figure("diversity between seeds (mean absolute difference)", spread),), tuple(strips))
