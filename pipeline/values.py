"""Define the values that flow from a drawing to a picture; each is frozen and checks itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.controls import BATCH, SEED_LIMIT, Conditioning, HiresFix, Sampling, Shortcuts, expect_number
from pipeline.errors import SettingError, SketchError, StyleError
from pipeline.hints import ControlHint, expect_size
from pipeline.own_weights import Adapter, Embedding, Lora
from pipeline.pixel_values import PixelValue, describe_size, expect_array, expect_picture
from pipeline.prompt_syntax import Prompt
from pipeline.taught import Taught

CHECKPOINT: Final = "checkpoint"  # the name of a model of a person's own among the revisions, where one draws
NUMBER_FORMAT = "numbers"  # the number format among the revisions, where it is not the usual one

Reading = Literal["lines", "canny"]
ReadingChoice = Literal["auto", "lines", "canny"]


@dataclass(frozen=True, eq=False)
class Sketch:
    """Sketch is a drawing as every later stage sees it."""

    pixels: NDArray[np.uint8]  # (H, W, 3) RGB on white, upright, dark lines on light, colours as they came
    is_drawing: bool  # strokes on white, read as lines; False: a photograph or filled shapes, read by Canny
    inverted: bool = False  # it came white on black
    notices: tuple[str, ...] = ()  # what was done to it, in words for the page
    strokes: NDArray[np.uint8] | None = None  # (h, w, 3) RGB, its lines without what they are coloured in with
    greys: NDArray[np.uint8] | None = None  # (H, W), lightness of what was painted white, grey or black; 0 elsewhere
    canvas: str | None = None  # the vector strokes it was painted from, as JSON; None for an image file
    is_start: bool = False  # a picture that another one starts from, so that its colours count

    def __post_init__(self) -> None:
        expect_picture(self.pixels, "a sketch", SketchError)


@dataclass(frozen=True, eq=False)
class EdgeMap(PixelValue):
    """EdgeMap holds white lines on black, the ControlNet hint."""

    pixels: NDArray[np.uint8]  # (H, W), 0 or 255
    reading: Reading

    def __post_init__(self) -> None:
        expect_array(self.pixels, "an edge map", 2, np.uint8)
        if self.reading not in ("lines", "canny"):
            raise SettingError(f"An edge map is read as 'lines' or 'canny', not {self.reading!r}.")
        if not np.isin(self.pixels, (0, 255)).all():
            raise SketchError("An edge map holds only 0 and 255.")


@dataclass(frozen=True, eq=False)
class Drawing(PixelValue):
    """Drawing is what the person drew and painted, at the picture's size: ink, pencil and colours on white."""

    pixels: NDArray[np.uint8]  # (H, W, 3) RGB
    greys: NDArray[np.uint8] | None = None  # (H, W), lightness of what was painted white, grey or black; 0 elsewhere
    is_start: bool = False  # a picture that another one starts from, so that its colours count

    def __post_init__(self) -> None:
        expect_picture(self.pixels, "a drawing", SketchError)


@dataclass(frozen=True, eq=False)
class Painting:
    """Painting is a coloured drawing, its three parts kept separate: a painter never has to search for edges."""

    colours: NDArray[np.uint8]  # (H, W, 3) RGB without the drawn lines
    lines: NDArray[np.uint8]  # (H, W) coverage of the drawn lines, 0 none .. 255 full; all 0 for a photograph
    regions: NDArray[np.int32]  # (H, W) labels from 0; a line's pixels carry the nearest region's label
    pen: NDArray[np.uint8] | None = None  # (H, W, 3) RGB of the ink where there are lines; None: black everywhere
    is_flat: bool = False  # whether its colours have no light of their own, as those of a coloured drawing

    def __post_init__(self) -> None:
        expect_array(self.colours, "a painting's colours", 3, np.uint8)
        expect_array(self.lines, "a painting's lines", 2, np.uint8)
        expect_array(self.regions, "a painting's regions", 2, np.int32)
        pen = self.colours if self.pen is None else self.pen
        expect_array(pen, "a painting's pen", 3, np.uint8)
        shapes = (self.colours.shape, (*self.lines.shape, 3), (*self.regions.shape, 3), pen.shape)
        if len(set(shapes)) != 1:
            raise ValueError(f"A painting's parts have one height and width and 3 colours; {shapes} came.")
        if int(self.regions.min()) < 0:
            raise ValueError(f"A painting's regions are numbered from 0; {int(self.regions.min())} came.")


@dataclass(frozen=True, eq=False)
class PaintedColours:
    """PaintedColours holds what the person painted in colour; the model colours the rest of the paper."""

    colours: NDArray[np.uint8]  # (H, W, 3) RGB, streaks evened out; of no meaning where nothing is painted
    mask: NDArray[np.bool_]  # (H, W), True where the person painted

    def __post_init__(self) -> None:
        expect_array(self.colours, "painted colours", 3, np.uint8)
        expect_array(self.mask, "the mask of painted colours", 2, np.bool_)
        if self.colours.shape != (*self.mask.shape, 3):
            raise ValueError(
                f"Painted colours are (H, W, 3) on a mask (H, W); {self.colours.shape} came on {self.mask.shape}."
            )

    @classmethod
    def none(cls, width: int, height: int) -> PaintedColours:
        """Return colours of that size in px with nothing painted."""
        return cls(np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.bool_))


@dataclass(frozen=True)
class Style:
    """Style is a look, as a folder in the library describes it."""

    id: str  # slug, also the folder's name
    name: str
    words: tuple[str, ...]  # phrases that describe the look; searched
    template: str  # holds "{prompt}" exactly once
    licence: str
    credit: str
    sha256: str  # of the reference image's bytes
    image: Path = field(compare=False)  # reference image, RGB, square
    builtin: bool = field(default=True, compare=False)
    taught: Taught | None = None  # what it learnt from several pictures

    def __post_init__(self) -> None:
        if self.template.count("{prompt}") != 1:
            raise StyleError(f"Style {self.id!r}: its template must hold {{prompt}} once, not {self.template!r}.")


@dataclass(frozen=True)
class StyleMatch:
    """StyleMatch is a style that the search found."""

    style: Style
    similarity: float  # [-1, 1]
    probability: float = 0.0  # [0, 1], that the words mean this style


@dataclass(frozen=True)
class StyleMix:
    """StyleMix holds one or more styles with weights that sum to 1."""

    parts: tuple[tuple[Style, float], ...]

    def __post_init__(self) -> None:
        total = math.fsum(weight for _, weight in self.parts)
        if not self.parts or not math.isclose(total, 1.0, abs_tol=1e-6):
            raise StyleError(f"A style mix needs weights that sum to 1; these sum to {total:.4f}.")

    @classmethod
    def of(cls, style: Style) -> StyleMix:
        """Return a mix of that style alone."""
        return cls(((style, 1.0),))


@dataclass(frozen=True, eq=False)
class StyleMask(PixelValue):
    """StyleMask gives a part of the picture other styles than the rest."""

    pixels: NDArray[np.uint8]  # (H, W), 0 the request's styles .. 255 these
    styles: StyleMix

    def __post_init__(self) -> None:
        expect_array(self.pixels, "a style's mask", 2, np.uint8)


@dataclass(frozen=True, eq=False)
class Repaint(PixelValue):
    """Repaint gives a part of a finished picture other colours, as words say."""

    pixels: NDArray[np.uint8]  # (H, W), 0 what stays .. 255 the part
    prompt: Prompt

    def __post_init__(self) -> None:
        expect_array(self.pixels, "the mask of a repainted part", 2, np.uint8)


@dataclass(frozen=True, eq=False)
class StartPicture(PixelValue):
    """StartPicture is a picture that another one is drawn from, instead of from noise alone."""

    pixels: NDArray[np.uint8]  # (H, W, 3) RGB
    mask: NDArray[np.uint8] | None = None  # (H, W), 0 stays .. 255 is drawn anew; None: all of it is
    prompt: Prompt | None = None  # words for the part under the mask, in place of the picture's own

    def __post_init__(self) -> None:
        expect_picture(self.pixels, "a picture to start from", SketchError)
        if self.mask is not None and self.mask.shape != self.pixels.shape[:2]:
            raise SettingError(
                f"A mask is as large as its picture, {describe_size(self.pixels)}: {self.mask.shape} came."
            )


@dataclass(frozen=True)
class GenerationRequest:
    """GenerationRequest holds everything that decides the pixels, and nothing that does not."""

    engine: str  # profile name, "pocket" or "sd15"
    prompt: Prompt  # as typed, without the style's template
    negative_prompt: Prompt
    edges: EdgeMap  # already at (height, width)
    styles: StyleMix
    width: int  # px, multiple of 8
    height: int  # px, multiple of 8
    sampling: Sampling
    conditioning: Conditioning
    shortcuts: Shortcuts = field(default_factory=Shortcuts)
    colours: Drawing | None = None  # ink and colours as drawn; None: the edge map's lines are all there is
    mask: StyleMask | None = None  # a part of the picture that wears other styles
    palette: tuple[tuple[str, float], ...] = ()  # colours "#rrggbb" to paint in, with shares that sum to 1
    repaints: tuple[Repaint, ...] = ()  # parts that get other colours once it is drawn, one after the other
    enlargement: int = 1  # 1, 2 or 4 times width and height, by a network once it is drawn
    loras: tuple[Lora, ...] = ()  # each with its weight
    embeddings: tuple[Embedding, ...] = ()  # those whose names stand in the two prompts
    hints: tuple[ControlHint, ...] = ()  # what the ControlNets see; none: one of them sees the edge map
    start: StartPicture | None = None  # a picture that it is drawn from; None: noise, and what `colours` has in colour
    own_adapter: Adapter | None = None  # the file that `conditioning.ip_adapter` names, where it is a person's own
    hires: HiresFix = HiresFix()  # noqa: RUF009 - frozen; a first pass that is smaller

    def __post_init__(self) -> None:
        repaints = (("mask of a repainted part", each) for each in self.repaints)
        hints = ((f"{each.controlnet} hint", each) for each in self.hints)
        parts = (("edge map", self.edges), ("drawing", self.colours), ("mask", self.mask), *repaints, *hints)
        expect_size((*parts, ("picture to start from", self.start)), self.width, self.height)

    def with_settings(self, **changes: Any) -> GenerationRequest:
        """Return the request with other settings of sampling and conditioning, each by its name, such as `seed`."""
        mine = {name: value for name, value in changes.items() if hasattr(self.sampling, name)}
        others = {name: value for name, value in changes.items() if name not in mine}
        return replace(self, sampling=replace(self.sampling, **mine), conditioning=replace(self.conditioning, **others))

    def batch(self, count: int) -> tuple[GenerationRequest, ...]:
        """Return the requests of `count` pictures that differ in their seeds alone: this one's and the next.

        Variations have the same seed and differ in their variation seeds.
        """
        expect_number(BATCH, count)
        name = "variation_seed" if self.sampling.variation_strength else "seed"
        first = int(getattr(self.sampling, name))
        return tuple(self.with_settings(**{name: (first + n) % (SEED_LIMIT + 1)}) for n in range(count))

    @property
    def styled_prompt(self) -> Prompt:
        """Return the text encoder's words: the prompt, or a masked part's, in the heaviest style's template."""
        style, _ = max(self.styles.parts, key=lambda part: part[1])
        words = self.start.prompt if self.start is not None and self.start.prompt is not None else self.prompt
        return words.within(style.template)


@dataclass(frozen=True, eq=False)
class StepPreview:
    """StepPreview shows what a picture would be if it ended after this step."""

    step: int  # 1-based, just finished
    of: int
    image: Image.Image  # small RGB
    share: float | None = None  # of all the work, where steps differ in it; None: step / of
    is_second: bool = False  # of the second pass


@dataclass(frozen=True)
class Verdict:
    """Verdict holds what the safety checker said of a picture."""

    withheld: bool
    words: str  # why, for the person who drew


@dataclass(frozen=True, eq=False)
class Drawn:
    """Drawn is an engine's answer: the pictures of one request, and what there is to say of them."""

    images: tuple[Image.Image, ...]  # RGB (width, height), one for each seed
    milliseconds: Mapping[str, float]  # per stage, in order
    notices: tuple[str, ...]  # in words for the page
    numbers: str  # the number format they were computed in, "" where it is the device's usual one
    verdicts: tuple[Verdict, ...] = ()  # one for each image, or none where no safety checker is asked


@dataclass(frozen=True, eq=False)
class GenerationResult:
    """GenerationResult is a finished picture with its request, and how it came about."""

    image: Image.Image  # RGB; where the picture was withheld, the drawing on a card that says so
    request: GenerationRequest
    matches: tuple[StyleMatch, ...]  # what the search found, best first; empty when the style was chosen
    notices: tuple[str, ...]
    milliseconds: Mapping[str, float]  # per stage, in order
    revisions: Mapping[str, str]  # model part -> revision or hash
    verdict: Verdict | None = None  # None: this engine's pictures are not checked, or the host turned it off
    canvas: str | None = None  # the vector strokes that it was drawn from, as JSON; they decide no pixel of it
