"""Paint a painting in the styles that a request names: those of the library by code, any other picture by a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.colours.named import NAMES, WORD
from pipeline.errors import StyleError
from pipeline.inking.light import light_painting
from pipeline.inking.lines import SOFT, lay_lines
from pipeline.painters import DEFAULTS, KEEPS_COLOR, PAINTERS, open_source, paint
from pipeline.painters.asked import keep_asked_colours
from pipeline.painters.source import Source
from pipeline.taught import Look, Taught
from pipeline.values import Painting, Style, StyleMask, StyleMix

if TYPE_CHECKING:
    from pipeline.painters.style_network import PictureStyle

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

PLAIN = "plain"  # the style that changes nothing: every style's picture at strength 0
SOFT_LINES = 0.8  # how strongly a painter draws the lines where they are to be soft


@dataclass(frozen=True, eq=False)
class Asked:
    """Asked says which colours a picture is to have in every style that keeps colours."""

    named: Pixels  # (n, 3) RGB, of the colour words
    painted: NDArray[np.bool_]  # (H, W), where the person painted

    @classmethod
    def read(cls, words: str, painted: NDArray[np.bool_]) -> Asked:
        """Read the colour words of a prompt."""
        named = [tuple(bytes.fromhex(NAMES[word][1:])) for word in WORD.findall(words.lower()) if word in NAMES]
        return cls(np.array(named, np.uint8).reshape(-1, 3), painted)


class StylePainter:
    """StylePainter paints one painting in styles, each style's picture at full strength once."""

    def __init__(self, painting: Painting, lines: float, seed: int, asked: Asked | None = None) -> None:
        """Take how much of the pen's lines stays, [0, 1], and the seed that decides where grain and strokes fall.

        Styles that keep colours show those that were `asked` for.
        """
        self._painting, self._lines, self._seed = painting, lines, seed
        self._asked = asked
        self._painted: dict[tuple[str, Taught | None], Pixels] = {}

    def paint(self, mix: StyleMix, strength: float, mask: StyleMask | None = None) -> Image.Image:
        """Paint in the mix, and in the mask's own where it is; strength 0 is plain, 1 the whole style, at most 1.5.

        Raises StyleError where a style's picture cannot be read.
        """
        if strength == 1 and mask is None and len(mix.parts) == 1:  # mixing would give the same bytes
            return Image.fromarray(self._paint_once(mix.parts[0][0]))
        picture = self._mix(mix)
        if mask is not None:
            share = np.asarray(mask.pixels[..., None] / np.float32(255), np.float32)
            picture = np.asarray(picture + (self._mix(mask.styles) - picture) * share, np.float32)
        plain = self._plain.astype(np.float32)
        return Image.fromarray(np.clip(plain + strength * (picture - plain) + 0.5, 0, 255).astype(np.uint8))

    @cached_property
    def _plain(self) -> Pixels:
        """Return the colours with light on them and the pen's lines laid on."""
        lit = light_painting(self._painting, self._asked.painted if self._asked is not None else None)
        return lay_lines(lit.colours, lit, self._lines)

    @cached_property
    def _inked(self) -> Painting:
        """Return the painting with its lines as strong as a painter is to draw them."""
        return scale_lines(self._painting, self._lines)

    @cached_property
    def _source(self) -> Source:
        """Return what painters read of that painting, once for all styles."""
        return open_source(self._inked)

    def _mix(self, mix: StyleMix) -> Plane:
        """Return the weighted mean of the styles' pictures, (H, W, 3) in [0, 255]."""
        return np.asarray(sum(np.float32(weight) * self._paint_once(style) for style, weight in mix.parts), np.float32)

    def _paint_once(self, style: Style) -> Pixels:
        key = style.sha256, style.taught
        if key not in self._painted:
            self._painted[key] = self._choose_way(style)()
        return self._painted[key]

    def _choose_way(self, style: Style) -> Callable[[], Pixels]:
        """Return how the style is painted: not at all, by its own code, or as its picture looks."""
        if not (style.builtin and style.id in PAINTERS):
            return lambda: self._paint_like(style)
        if style.id == PLAIN:
            return lambda: self._plain
        return lambda: self._paint_library(style.id)

    def _paint_library(self, style_id: str) -> Pixels:
        picture = paint(self._source, style_id, DEFAULTS[style_id], 1.0, self._seed)
        if self._asked is None or not KEEPS_COLOR[style_id]:
            return picture
        return keep_asked_colours(picture, self._source, self._asked.named, self._asked.painted)

    def _paint_like(self, style: Style) -> Pixels:
        from pipeline.painters.style_network import paint_like

        rng = np.random.default_rng([self._seed, *style.sha256.encode()])
        look = read_style(style.image, style.sha256) if style.taught is None else take_look(style.taught.look)
        return lay_lines(paint_like(self._inked, look, 1.0, rng), self._painting, self._lines)


@lru_cache(maxsize=256)
def read_style(file: Path, sha256: str) -> PictureStyle:
    """Read a style's picture for the network, once for each file content. Raises StyleError."""
    try:
        with Image.open(file) as image:
            return read_picture_style(image)
    except OSError as error:
        raise StyleError(f"The style's picture {file.name} cannot be read.") from error


def take_look(look: Look) -> PictureStyle:
    """Return what pictures taught a style as the network takes it."""
    from pipeline.painters.style_network import Palette, PictureStyle

    palette = Palette(look.lightness, look.chroma, look.monochrome)
    return PictureStyle(np.array(look.numbers, np.float32), palette)


def combine_looks(images: Sequence[Image.Image], on_picture: Callable[[int], None] = lambda done: None) -> Look:
    """Return the mean look of several pictures; `on_picture` is called with how many are read. Raises StyleError."""
    read = []
    for image in images:
        read.append(read_picture_style(image))
        on_picture(len(read))
    palettes = [(each.palette.lightness, each.palette.chroma, each.palette.monochrome) for each in read]
    numbers = np.stack([each.numbers for each in read]).mean(axis=0, dtype=np.float64).astype(np.float32)
    lightness, chroma, monochrome = (float(each) for each in np.array(palettes).mean(axis=0))
    return Look(tuple(float(each) for each in numbers.tolist()), lightness, chroma, monochrome)


def find_most_typical(images: Sequence[Image.Image], look: Look) -> int:
    """Return the number of the picture whose own look is nearest to the mean one."""
    distances = [np.linalg.norm(read_picture_style(image).numbers - np.array(look.numbers)) for image in images]
    return int(np.argmin(distances))


def read_picture_style(image: Image.Image) -> PictureStyle:
    """Read a picture for the network. Raises StyleError for one that is too small."""
    from pipeline.painters.style_network import read_style_picture

    return read_style_picture(np.asarray(image.convert("RGB")))


def scale_lines(painting: Painting, lines: float) -> Painting:
    """Return the painting with lines as strong as a painter is to draw them: none at 0, its own full ones at 1."""
    if lines <= SOFT:
        strength = SOFT_LINES * lines / SOFT
    else:
        strength = SOFT_LINES + (1 - SOFT_LINES) * (lines - SOFT) / (1 - SOFT)
    scaled = (painting.lines * np.float32(strength) + 0.5).astype(np.uint8)
    return replace(painting, lines=scaled)
