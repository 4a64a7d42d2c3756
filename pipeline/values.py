"""The values that flow from a drawing to a picture, each frozen and self-checking."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import SettingError, SketchError, StyleError
from pipeline.prompt_syntax import Prompt

NUMBERS = "numbers"  # the number format among the revisions, where it is not the usual one

Reading = Literal["lines", "canny"]
ReadingChoice = Literal["auto", "lines", "canny"]

SEED_LIMIT = 2**32 - 1  # exact in JavaScript and JSON too


@dataclass(frozen=True, eq=False)
class Sketch:
    """A drawing as every later stage sees it."""

    pixels: NDArray[np.uint8]  # (H, W, 3) RGB on white, upright, dark lines on light
    is_drawing: bool  # strokes on white, read as lines; False: a photograph or filled shapes, read by Canny
    inverted: bool = False  # it came white on black
    notices: tuple[str, ...] = ()  # what was done to it, in words for the page

    def __post_init__(self) -> None:
        expect_array(self.pixels, "a sketch", 3, np.uint8)
        if self.pixels.shape[2] != 3:
            raise SketchError(f"A sketch has 3 colour channels; this one has {self.pixels.shape[2]}.")


@dataclass(frozen=True, eq=False)
class EdgeMap:
    """White lines on black, the ControlNet hint."""

    pixels: NDArray[np.uint8]  # (H, W), 0 or 255
    reading: Reading

    def __post_init__(self) -> None:
        expect_array(self.pixels, "an edge map", 2, np.uint8)
        if self.reading not in ("lines", "canny"):
            raise SettingError(f"An edge map is read as 'lines' or 'canny', not {self.reading!r}.")
        if not np.isin(self.pixels, (0, 255)).all():
            raise SketchError("An edge map holds only 0 and 255.")

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, EdgeMap) and self.reading == other.reading and np.array_equal(self.pixels, other.pixels)
        )

    def __hash__(self) -> int:
        return hash((self.reading, self.pixels.tobytes()))


@dataclass(frozen=True, eq=False)
class Painting:
    """A coloured drawing, its three parts kept separate, so that a painter never has to search for edges."""

    colours: NDArray[np.uint8]  # (H, W, 3) RGB without the drawn lines
    lines: NDArray[np.uint8]  # (H, W) coverage of the drawn lines, 0 none .. 255 full; all 0 for a photograph
    regions: NDArray[np.int32]  # (H, W) labels from 0; a line's pixels carry the nearest region's label

    def __post_init__(self) -> None:
        expect_array(self.colours, "a painting's colours", 3, np.uint8)
        expect_array(self.lines, "a painting's lines", 2, np.uint8)
        expect_array(self.regions, "a painting's regions", 2, np.int32)
        shapes = (self.colours.shape, (*self.lines.shape, 3), (*self.regions.shape, 3))
        if len(set(shapes)) != 1:
            raise ValueError(f"A painting's parts have one height and width and 3 colours; {shapes} came.")
        if int(self.regions.min()) < 0:
            raise ValueError(f"A painting's regions are numbered from 0; {int(self.regions.min())} came.")


@dataclass(frozen=True)
class Style:
    """A look, as a folder in the library describes it."""

    id: str  # slug, also the folder's name
    name: str
    words: tuple[str, ...]  # phrases that describe the look; searched
    template: str  # holds "{prompt}" exactly once
    licence: str
    credit: str
    sha256: str  # of the reference image's bytes
    image: Path = field(compare=False)  # reference image, RGB, square
    builtin: bool = field(default=True, compare=False)

    def __post_init__(self) -> None:
        if self.template.count("{prompt}") != 1:
            raise StyleError(f"Style {self.id!r}: its template must hold {{prompt}} once, not {self.template!r}.")


@dataclass(frozen=True)
class StyleMatch:
    style: Style
    similarity: float  # [-1, 1]


@dataclass(frozen=True)
class StyleMix:
    """One or more styles with weights that sum to 1."""

    parts: tuple[tuple[Style, float], ...]

    def __post_init__(self) -> None:
        total = math.fsum(weight for _, weight in self.parts)
        if not self.parts or not math.isclose(total, 1.0, abs_tol=1e-6):
            raise StyleError(f"A style mix needs weights that sum to 1; these sum to {total:.4f}.")

    @classmethod
    def of(cls, style: Style) -> StyleMix:
        return cls(((style, 1.0),))


@dataclass(frozen=True)
class Control:
    """One number that a person may turn; the page, the API and the recipe are derived from this table."""

    name: str
    label: str
    info: str  # one line: what it does to the picture
    minimum: float
    maximum: float
    step: float
    whole: bool = False


CONTROLS: tuple[Control, ...] = (
    Control("num_inference_steps", "Steps", "More steps take longer and settle more detail.", 1, 50, 1, True),
    Control("guidance_scale", "Follow the words", "Higher holds closer to what you wrote.", 1, 15, 0.1),
    Control("ip_adapter_scale", "Style strength", "How strongly the picture wears the style.", 0, 1.5, 0.05),
    Control(
        "controlnet_conditioning_scale",
        "Follow the drawing",
        "How closely the picture keeps to your lines.",
        0,
        2,
        0.05,
    ),
    Control("canny_low", "Faint edges", "Lower finds fainter edges in a photo or shaded drawing.", 0, 255, 1, True),
    Control("canny_high", "Clear edges", "Lower starts an edge at weaker contrast.", 0, 255, 1, True),
    Control("seed", "Seed", "-1 draws a new one each time; the one used is shown.", -1, SEED_LIMIT, 1, True),
)


BATCH = Control("count", "Pictures", "How many to draw at once, each from the next seed.", 1, 4, 1, True)

ControlHalf = Literal["both", "shared", "conditional"]
Decoder = Literal["full", "small"]

LEVER_NUMBERS: tuple[Control, ...] = (
    Control("guidance_start", "Words from", "Share of the steps after which the words are pressed.", 0, 1, 0.05),
    Control("guidance_end", "Words until", "Share of the steps after which they are not pressed any more.", 0, 1, 0.05),
    Control(
        "control_guidance_start", "Lines from", "Share of the steps after which your lines are followed.", 0, 1, 0.05
    ),
    Control("control_guidance_end", "Lines until", "Share of the steps after which the rest is free.", 0, 1, 0.05),
    Control("controlnet_every", "Read the lines every", "Steps that one reading of your lines serves.", 1, 8, 1, True),
)


@dataclass(frozen=True)
class Levers:
    """What a picture may do without to come sooner. As they are here nothing is left out.

    A step lies in an interval when all of it does: step i of n (from 0) for start <= i / n and (i + 1) / n <= end, as
    diffusers reckons `control_guidance_start` and `_end`.
    """

    guidance_start: float = 0.0  # [0, 1], share of the steps
    guidance_end: float = 1.0
    control_guidance_start: float = 0.0  # outside of its interval ControlNet does not run at all
    control_guidance_end: float = 1.0
    controlnet_half: ControlHalf = "both"  # with guidance: runs on both halves, on the conditional one for both, or
    controlnet_every: int = 1  # ("conditional") on that one for itself alone; steps that one run of it serves
    few_steps: str = ""  # the few-step weights fused in, by the name that the engine's menu gives them
    decoder: Decoder = "full"  # "small": a lighter autoencoder paints the picture

    def __post_init__(self) -> None:
        for control in LEVER_NUMBERS:
            expect_number(control, getattr(self, control.name))
        for first, last in (("guidance_start", "guidance_end"), ("control_guidance_start", "control_guidance_end")):
            if getattr(self, first) > getattr(self, last):
                raise SettingError(
                    f"{first} may not lie above {last}; {getattr(self, first):g} and {getattr(self, last):g} came."
                )
        expect_choice("controlnet_half", self.controlnet_half, get_args(ControlHalf))
        expect_choice("decoder", self.decoder, get_args(Decoder))
        if not isinstance(self.few_steps, str):
            raise SettingError(f"few_steps is the name of few-step weights; {type(self.few_steps).__name__} came.")


@dataclass(frozen=True)
class GenerationRequest:
    """Everything that decides the pixels and nothing that does not."""

    engine: str  # profile name, "pocket" or "sd15"
    prompt: Prompt  # as typed, without the style's template
    negative_prompt: Prompt
    edges: EdgeMap  # already at (height, width)
    styles: StyleMix
    width: int  # px, multiple of 8
    height: int  # px, multiple of 8
    num_inference_steps: int
    guidance_scale: float
    ip_adapter_scale: float
    controlnet_conditioning_scale: float
    seed: int  # [0, SEED_LIMIT]
    sampler: str = "DPM++ 2M"  # a name of samplers.SAMPLERS
    style_focus: str = "whole"  # which of the model's blocks wear the style, by the name that the menu gives them
    levers: Levers = field(default_factory=Levers)

    def __post_init__(self) -> None:
        for control in CONTROLS:
            if hasattr(self, control.name):
                expect_number(control, getattr(self, control.name))
        if self.seed < 0:
            raise SettingError("A request carries the seed it uses, not -1.")
        if self.edges.pixels.shape != (self.height, self.width):
            raise SettingError(
                f"The edge map must be {self.width} x {self.height}, "
                f"not {self.edges.pixels.shape[1]} x {self.edges.pixels.shape[0]}."
            )

    def batch(self, count: int) -> tuple[GenerationRequest, ...]:
        """The requests of `count` pictures that differ in their seeds alone: this one's and those that follow it."""
        expect_number(BATCH, count)
        return tuple(replace(self, seed=(self.seed + n) % (SEED_LIMIT + 1)) for n in range(count))

    @property
    def styled_prompt(self) -> Prompt:
        """The words given to the text encoder: the prompt in the heaviest style's template."""
        style, _ = max(self.styles.parts, key=lambda part: part[1])
        return self.prompt.within(style.template)


@dataclass(frozen=True, eq=False)
class StepPreview:
    step: int  # 1-based, just finished
    of: int
    image: Image.Image  # small RGB


@dataclass(frozen=True)
class Verdict:
    """What the safety checker said of a picture."""

    withheld: bool
    words: str  # why, for the person who drew


@dataclass(frozen=True, eq=False)
class Drawn:
    """What an engine answers: the pictures of one request, drawn together, and what there is to say of them."""

    images: tuple[Image.Image, ...]  # RGB (width, height), one for each seed
    milliseconds: Mapping[str, float]  # per stage, in order
    notices: tuple[str, ...]  # in words for the page
    numbers: str  # the number format they were computed in, "" where it is the device's usual one
    verdicts: tuple[Verdict, ...] = ()  # one for each image, or none where no safety checker is asked


@dataclass(frozen=True, eq=False)
class GenerationResult:
    image: Image.Image  # RGB; where the picture was withheld, the drawing on a card that says so
    request: GenerationRequest
    matches: tuple[StyleMatch, ...]  # what the search found, best first; empty when the style was chosen
    notices: tuple[str, ...]
    milliseconds: Mapping[str, float]  # per stage, in order
    revisions: Mapping[str, str]  # model part -> revision or hash
    verdict: Verdict | None = None  # None: this engine's pictures are not checked, or the host turned it off


def expect_number(control: Control, value: object) -> None:
    """Raise SettingError unless `value` is a finite number of the right kind within the control's range."""
    wanted = (
        f"{control.label} ({control.name}) is a {'whole ' if control.whole else ''}number "
        f"from {control.minimum:g} to {control.maximum:g}"
    )
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingError(f"{wanted}; {type(value).__name__} came.")
    if isinstance(value, float) and (not math.isfinite(value) or (control.whole and value != int(value))):
        raise SettingError(f"{wanted}; {value!r} came.")
    if not control.minimum <= value <= control.maximum:
        # Python refuses to print whole numbers of thousands of digits, and isfinite() to look at them
        came = "one of too many digits" if abs(value) > 1e40 else repr(value)
        raise SettingError(f"{wanted}; {came} came.")


def expect_choice(name: str, value: object, choices: Iterable[str]) -> None:
    known = tuple(choices)
    if not isinstance(value, str) or value not in known:
        came = repr(value)[:40] if isinstance(value, str) else type(value).__name__
        raise SettingError(f"{name} is one of {', '.join(known)}; {came} came.")


def expect_array(array: object, what: str, dimensions: int, dtype: type) -> None:
    if not isinstance(array, np.ndarray) or array.ndim != dimensions or array.dtype != dtype or array.size == 0:
        came = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"Expected {what} as a {dimensions}-d {np.dtype(dtype)} array, got {came}.")
