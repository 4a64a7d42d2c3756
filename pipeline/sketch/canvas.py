"""Check the canvas's vector strokes as the browser sends them, and paint the picture that the person saw.

A stroke is a disc swept along a line (stroke_shape.py). Broad colour and filled areas lie under the lines, whatever was
painted first. Painting is done at several times the canvas's size and averaged down, so that equal strokes give equal
bytes on any machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import FailFast, Field, ValidationError, model_validator

from pipeline.errors import SketchError
from pipeline.sketch.image_file import MAX_BYTES, MIN_SIDE
from pipeline.sketch.stroke_shape import Disc, sweep_points
from pipeline.strict_json import StrictModel, describe_first_fault, holds_more_values

MAX_CANVAS_SIDE = 2048  # px
MAX_STROKES = 2_000
MAX_STROKE_POINTS = 5_000
MAX_POINTS = 100_000  # in all
MAX_OFFSET = 40_960  # px
MAX_RUNS = 500_000  # of all filled areas
MAX_PAINTED_AREA = 400  # painted area, overlaps counted, in canvases: hours of scribbling, seconds of computing
MAX_VALUES = 1_500_000  # of JSON: more than MAX_POINTS and MAX_RUNS need
MAX_TEXT = 8_000_000  # characters of JSON without the picture
MAX_PICTURE_TEXT = MAX_BYTES * 4 // 3 + 100  # characters of a data URL that holds MAX_BYTES

MOST_SAMPLES = 6  # painted per pixel and axis of the canvas
FAINTEST = 227  # of 255: what is nowhere darker in any channel cannot be seen on white

PointSent = tuple[float, float, Annotated[float, Field(ge=0, le=1)]]  # x, y in canvas px; pressure
Colour = str | tuple[int, int, int, int]  # as Pillow takes it


class Stroke(StrictModel):
    """One line of the pen, the broad marker under it, or the eraser, as the browser sends it."""

    tool: Literal["pen", "marker", "eraser"]
    size: float = Field(ge=1, le=256)  # px, the width at pressure 0.5
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    points: Annotated[list[PointSent], Field(min_length=1, max_length=MAX_STROKE_POINTS)]


class Fill(StrictModel):
    """One area that was filled with a colour, px by px as the browser found it."""

    tool: Literal["fill"]
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    # px left out and px filled by turns, row after row from the top left; the rest is left out
    runs: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=MAX_RUNS)]

    def draw_mask(self, width: int, height: int) -> Image.Image:
        """Return the filled px as 255 on 0, a picture of `width` x `height` px."""
        flat = np.zeros(width * height, np.uint8)
        filled = np.repeat(np.arange(len(self.runs)) % 2, self.runs) * 255
        flat[: len(filled)] = filled
        return Image.fromarray(flat.reshape(height, width))


Mark = Annotated[Stroke | Fill, Field(discriminator="tool")]
Offset = Annotated[float, Field(ge=-MAX_OFFSET, le=MAX_OFFSET)]  # px
Length = Annotated[float, Field(ge=1, le=MAX_OFFSET)]  # px


class Placement(StrictModel):
    """How the picture under the strokes lies there, and what it is for."""

    place: tuple[Offset, Offset, Length, Length] | None = None  # left, top, width, height; None: whole in the middle
    opacity: float = Field(default=1, ge=0, le=1)
    locked: bool = False  # whether hands leave it where it is
    traced: bool = False  # whether it is no part of the drawing: it is there to be drawn after
    plain: bool = False  # whether it is a drawing of this app, taken as it is, and no photograph of paper
    # how far the picture goes from this one, which it starts from; None: it does not start from it
    strength: float | None = Field(default=None, gt=0, le=1)


class Canvas(StrictModel):
    """A whole drawing, as the browser sends it: strokes over a picture or over white."""

    version: Literal[1, 2, 3, 4]  # 1: pen and eraser alone; 2: no placement; 3: no strength
    width: int = Field(ge=MIN_SIDE, le=MAX_CANVAS_SIDE)  # px
    height: int = Field(ge=MIN_SIDE, le=MAX_CANVAS_SIDE)  # px
    picture: Annotated[str, Field(max_length=MAX_PICTURE_TEXT)] | None  # data URL, under the strokes
    placement: Placement | None = None  # of the picture; None: whole in the middle, part of the drawing
    strokes: Annotated[list[Mark], Field(max_length=MAX_STROKES), FailFast()]  # each wrong one would be an error

    @model_validator(mode="after")
    def check_totals(self) -> Canvas:
        """Raise ValueError for too many points in all, or one far outside the canvas."""
        lines = [mark for mark in self.strokes if isinstance(mark, Stroke)]
        points = sum(len(stroke.points) for stroke in lines)
        if points > MAX_POINTS:
            raise ValueError(f"a drawing has at most {MAX_POINTS:,} points; this one has {points:,}")
        for stroke in lines:
            for x, y, _ in stroke.points:
                if not (-self.width <= x <= 2 * self.width and -self.height <= y <= 2 * self.height):
                    raise ValueError(f"a point lies far outside the canvas, at {x:g}, {y:g}")
        return self

    @model_validator(mode="after")
    def check_fills(self) -> Canvas:
        """Raise ValueError for areas that have too many runs or do not fit, or what its version does not know."""
        fills = [mark for mark in self.strokes if isinstance(mark, Fill)]
        runs = sum(len(fill.runs) for fill in fills)
        if runs > MAX_RUNS:
            raise ValueError(f"a drawing's filled areas have at most {MAX_RUNS:,} runs; these have {runs:,}")
        for fill in fills:
            if sum(fill.runs) > self.width * self.height:
                raise ValueError(f"a filled area has at most the canvas's {self.width * self.height:,} px")
        if self.version == 1 and self.has_colour_beneath:
            raise ValueError("a drawing of version 1 has lines of pen and eraser alone")
        if self.placement is not None and (self.version < 3 or self.picture is None):
            raise ValueError("a placement belongs to a picture, from version 3 on")
        if self.strength is not None and (self.version < 4 or self.laid.traced):
            raise ValueError("a strength belongs to a picture that is not only traced, from version 4 on")
        return self

    @property
    def laid(self) -> Placement:
        """How the picture lies there."""
        return self.placement or Placement()

    @property
    def strength(self) -> float | None:
        """How far what is drawn goes from the picture under the strokes; None where it does not start from it."""
        return self.laid.strength

    @property
    def has_drawn_picture(self) -> bool:
        """Whether a picture lies under the strokes that is part of the drawing."""
        return self.picture is not None and not self.laid.traced and self.strength is None

    @property
    def has_colour_beneath(self) -> bool:
        """Whether something lies under the lines: a marker's stroke or a filled area."""
        return any(mark.tool in ("marker", "fill") for mark in self.strokes)

    def keep(self, *tools: str) -> Canvas:
        """Return the same canvas with the marks of these tools alone."""
        return self.model_copy(update={"strokes": [mark for mark in self.strokes if mark.tool in tools]})


def read_canvas(value: str | Mapping[str, object]) -> Canvas:
    """Check what the browser sent. Raises SketchError that names the first thing wrong and where it is."""
    try:
        text = value if isinstance(value, str) else json.dumps(dict(value))
        if len(text) > MAX_TEXT + (MAX_PICTURE_TEXT if '"data:image/' in text else 0):
            raise SketchError(
                f"A drawing has at most {MAX_TEXT // 10**6} MB of strokes; this one has {len(text) / 1e6:.1f} MB."
            )
        if holds_more_values(text.encode(), MAX_VALUES):
            raise SketchError(f"A drawing has at most {MAX_VALUES:,} values; more came.")
        return Canvas.model_validate_json(text)
    except ValidationError as error:
        raise SketchError(f"The canvas's drawing cannot be read: {describe_first_fault(error)}.") from error
    except (UnicodeError, RecursionError, TypeError, ValueError) as error:
        raise SketchError("The canvas's drawing cannot be read: it is not JSON.") from error


def write_canvas(canvas: Canvas) -> str:
    """Return the canvas as JSON: equal for equal drawings, whichever client wrote them. `read_canvas` reads it."""
    return canvas.model_dump_json(exclude_defaults=True)


def paint_canvas(
    canvas: Canvas, ground: NDArray[np.uint8] | None = None, most_samples: int = MOST_SAMPLES
) -> NDArray[np.uint8]:
    """Return the canvas as the person saw it: (height, width, 3) uint8; without a `ground` of that size on white.

    most_samples: per pixel and axis; fewer are painted sooner, their edges are rougher.
    """
    sheet = Image.new("RGB", (canvas.width, canvas.height), "white") if ground is None else Image.fromarray(ground)
    oversampling = choose_oversampling(canvas, most_samples)
    painted = sheet.resize((canvas.width * oversampling, canvas.height * oversampling), Image.Resampling.NEAREST)
    if canvas.has_colour_beneath:
        paint_marks(painted, canvas.keep("marker", "fill", "eraser"), oversampling)
        lines = Image.new("RGBA", painted.size)
        paint_marks(lines, canvas.keep("pen", "eraser"), oversampling)
        painted.paste(lines, mask=lines)
    else:
        paint_marks(painted, canvas, oversampling)
    return np.asarray(painted.reduce(oversampling))


def can_be_seen(pixels: NDArray[np.uint8]) -> bool:
    """Return whether anything can be seen on a painted sheet, (H, W, 3) on white."""
    return int(pixels.min()) <= FAINTEST


def paint_marks(sheet: Image.Image, canvas: Canvas, oversampling: int) -> None:
    """Paint the marks in their order on a sheet `oversampling` times the canvas's size.

    On a transparent sheet the eraser leaves nothing, on another one white. Raises SketchError for hours of scribbling.
    """
    nothing = (0, 0, 0, 0) if sheet.mode == "RGBA" else "#ffffff"
    swept = {id(mark): sweep_points(mark.points, mark.size) for mark in canvas.strokes if isinstance(mark, Stroke)}
    expect_painted_area(list(swept.values()), canvas.width * canvas.height)
    draw = ImageDraw.Draw(sheet)
    for mark in canvas.strokes:
        if isinstance(mark, Fill):
            mask = mark.draw_mask(canvas.width, canvas.height)
            sheet.paste(mark.color, mask=mask.resize(sheet.size, Image.Resampling.NEAREST))
        else:
            draw_line(draw, swept[id(mark)], nothing if mark.tool == "eraser" else mark.color, oversampling)


def choose_oversampling(canvas: Canvas, most: int = MOST_SAMPLES) -> int:
    """Return samples per pixel and axis, 2 to `most`: as many as keep the painting under 16 megapixels."""
    return max(2, min(most, math.isqrt(16_000_000 // (canvas.width * canvas.height))))


def expect_painted_area(lines: list[list[Disc]], canvas_area: int) -> None:
    """Raise SketchError where painting would take minutes: thousands of huge strokes over one another."""
    area = sum(
        4 * c * c + 2 * c * math.dist((a, b), (d, e))
        for discs in lines
        for (a, b, c), (d, e, _) in pairwise([discs[0], *discs])
    )
    if area > MAX_PAINTED_AREA * canvas_area:
        raise SketchError(
            f"This drawing's strokes cover the canvas {area / canvas_area:.0f} times over; "
            f"at most {MAX_PAINTED_AREA} times can be painted."
        )


def draw_line(draw: ImageDraw.ImageDraw, discs: list[Disc], colour: Colour, oversampling: int) -> None:
    """Draw the hull of a row of discs, `oversampling` times as large."""
    scaled = [(x * oversampling, y * oversampling, r * oversampling) for x, y, r in discs]
    for disc in scaled:
        draw_disc(draw, disc, colour)
    for first, second in pairwise(scaled):
        draw_band(draw, first, second, colour)


def draw_disc(draw: ImageDraw.ImageDraw, disc: Disc, colour: Colour) -> None:
    """Draw a filled circle."""
    x, y, r = disc
    # Pillow's box holds both end pixels; half a pixel less on each side keeps the diameter true
    draw.ellipse((x - r, y - r, x + r - 1, y + r - 1), fill=colour)


def draw_band(draw: ImageDraw.ImageDraw, first: Disc, second: Disc, colour: Colour) -> None:
    """Draw the quadrilateral between two discs, its sides their diameters across the way."""
    (ax, ay, ar), (bx, by, br) = first, second
    length = math.hypot(bx - ax, by - ay)
    if length == 0:
        return
    across_x, across_y = (ay - by) / length, (bx - ax) / length
    ar, br = max(ar - 0.5, 0.0), max(br - 0.5, 0.0)  # Pillow paints a polygon's border pixels whole
    corners = [
        (ax + across_x * ar, ay + across_y * ar),
        (bx + across_x * br, by + across_y * br),
        (bx - across_x * br, by - across_y * br),
        (ax - across_x * ar, ay - across_y * ar),
    ]
    draw.polygon([(x - 0.5, y - 0.5) for x, y in corners], fill=colour)
