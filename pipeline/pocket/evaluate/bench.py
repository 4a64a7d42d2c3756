"""Hold what every trial of the pocket model is made of: cases to draw, a bench to draw them at, and outcomes.

A trial only needs `Bench.draw`, from request to picture, so that the originals, the renderers, the trivial
baselines and any engine are measured by the same code. Everything is a function of fixed seeds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.controls import group_settings
from pipeline.inking.pen import draw_edges
from pipeline.models.profile import ModelProfile
from pipeline.pocket.data.pack import Thing
from pipeline.pocket.data.scenes import Picture, compose_picture
from pipeline.pocket.data.strokes import Lines, draw_lines, redraw_lines, to_bytes
from pipeline.pocket.evaluate.measures import Figure, Pixels
from pipeline.prompt_syntax import Prompt
from pipeline.request.presets import get_menu
from pipeline.values import Drawing, EdgeMap, GenerationRequest, Style, StyleMix

NEAR_PLAIN_HASTE = 0.4  # of the near-plain lines that the model is given
LINE_WIDTH = 1 / 256  # of the side: how wide lines are in an edge map, as `pipeline.sketch.edges` draws them
PLAIN = {"ip_adapter_scale": 0.0}  # no style: the colours and the pen's lines
SOFT, NONE = {"lines": 0.5}, {"lines": 0.0}  # how much of the pen stays

Draw = Callable[[GenerationRequest], Pixels]


@dataclass(frozen=True, eq=False)
class Case:
    """Case is a drawing with the picture that it was taken from."""

    picture: Picture
    original: Pixels
    lines: Lines  # given to the model
    seed: int


@dataclass(frozen=True, eq=False)
class Strip:
    """Strip is a row of pictures in a contact sheet."""

    pictures: tuple[NDArray[np.uint8], ...]
    caption: str


@dataclass(frozen=True)
class Outcome:
    """Outcome is what comes of a trial: its figures, and pictures to look at."""

    figures: tuple[Figure, ...]
    strips: tuple[Strip, ...] = field(default=(), compare=False)


@dataclass(frozen=True, eq=False)
class Bench:
    """Bench draws with the engine under test, at its profile's settings."""

    draw: Draw
    profile: ModelProfile
    mix: StyleMix  # what a prompt that names no style gets
    folder: Path  # for the images of styles that are made up here

    @property
    def side(self) -> int:
        """Return the side of its pictures, px."""
        return self.profile.width

    def draw_prompt(
        self,
        prompt: str,
        lines: Lines,
        seed: int,
        mix: StyleMix | None = None,
        controls: Mapping[str, float] = {},
        drawing: Pixels | None = None,
    ) -> Pixels:
        """Draw a prompt and lines at the profile's default settings but for `controls`; see `make_request`."""
        return self.draw(self.make_request(prompt, lines, seed, mix, controls, drawing))

    def make_request(
        self,
        prompt: str,
        lines: Lines,
        seed: int,
        mix: StyleMix | None = None,
        controls: Mapping[str, float] = {},
        drawing: Pixels | None = None,
    ) -> GenerationRequest:
        """Make the request for a prompt and lines at the profile's default settings but for `controls`.

        `drawing` is the person's own, (H, W, 3) RGB on white; without it only the lines are known.
        """
        menu = get_menu(self.profile.name)
        usual = {**self.profile.defaults, "sampler": menu.find_preset(menu.preset).sampler}
        usual |= {"seed": seed, "variation_seed": 0}  # no variation: it decides nothing
        sampling, conditioning = group_settings({**usual, **controls})
        return GenerationRequest(
            engine=self.profile.name,
            prompt=Prompt(prompt),
            negative_prompt=Prompt(""),
            colours=None if drawing is None else Drawing(drawing),
            edges=EdgeMap(lines, "lines"),
            styles=mix or self.mix,
            width=self.profile.width,
            height=self.profile.height,
            sampling=sampling,
            conditioning=conditioning,
        )

    def make_wordless_mix(self, reference: Pixels) -> StyleMix:
        """Make a style that is this picture and no words; its image is written into `folder`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        id = f"picture-{hashlib.sha256(reference.tobytes()).hexdigest()[:12]}"
        path = self.folder / f"{id}.png"
        Image.fromarray(reference).save(path)
        return StyleMix.of(
            Style(
                id,
                id,
                (),
                "{prompt}",
                "none",
                "made to measure",
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path,
                builtin=False,
            )
        )


class CachedDrawing:
    """CachedDrawing draws every request once: trials that ask for the same picture share it."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._drawn: dict[GenerationRequest, Pixels] = {}

    def __call__(self, request: GenerationRequest) -> Pixels:
        if request not in self._drawn:
            self._drawn[request] = self._draw(request)
        return self._drawn[request]


def make_case(
    things: Sequence[Thing],
    seed: int,
    side: int,
    *,
    color: str | None = "any",
    subject: Thing | None = None,
    alone: bool = False,
) -> Case:
    """Compose a picture and its near-plain lines, all from the seed."""
    rng = np.random.default_rng([20, seed])
    return make_case_from(compose_picture(things, rng, side, color=color, subject=subject, alone=alone), rng, seed)


def make_case_from(picture: Picture, rng: np.random.Generator, seed: int) -> Case:
    """Make a case of a composed picture, with its near-plain lines; things are outlined whole, as people draw."""
    plain = draw_lines(picture.image, rng, plain=True, outlines=picture.outlines)
    lines = redraw_lines(plain, rng, NEAR_PLAIN_HASTE)
    return Case(picture, to_bytes(picture.image), widen_lines(lines), seed)


def widen_lines(lines: Lines) -> Lines:
    """Widen lines of one px to what an edge map of this size has: 2 px at 512."""
    width = max(1, round(max(lines.shape) * LINE_WIDTH))
    return np.asarray(cv2.dilate(lines, np.ones((width, width), np.uint8)), np.uint8)


def draw_pen(lines: Lines) -> Pixels:
    """Draw the strokes of which only these lines are known, as the engine does: (H, W, 3), black on white."""
    return draw_edges(EdgeMap(lines, "lines"))


def read_style_reference(style: Style, side: int = 128) -> Pixels:
    """Read a style's reference picture, (side, side, 3)."""
    with Image.open(style.image) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BOX))


def to_rgb(lines: Lines) -> Pixels:
    """Repeat a line map (H, W) in three channels."""
    return np.repeat(lines[..., None], 3, axis=2)
