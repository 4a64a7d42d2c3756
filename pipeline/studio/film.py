"""Make a film of a drawing: its strokes in the order of the hand, beside the pictures that followed them.

The pictures are real: at some moments the drawing as it is then is drawn, small, in the picture's own words, style
and seed. The last one is the finished picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pipeline.errors import IsCancelled, SettingError, SketchError, raise_if_cancelled
from pipeline.picture.provenance import write_xmp
from pipeline.request.presets import get_menu
from pipeline.sketch.canvas import Canvas, Fill, Stroke, read_canvas
from pipeline.studio.enlarging import OnShare
from pipeline.values import GenerationRequest

if TYPE_CHECKING:
    from pipeline.studio.studio import Studio

FRAMES = 48  # of the drawing
PICTURES = 8  # drawn on the way, where the engine is quick
SIDE = 320  # px, the longer side of drawing and picture
LIVE_SIDE = 256  # px, of the pictures drawn on the way
LIVE_STEPS = 2
GAP = 12  # px
FRAME_MS, LAST_MS = 110, 2500
MOST_BYTES = 6_000_000  # a film that is larger is made coarser
QUALITIES = (76, 55, 35)
PAPER = (244, 241, 234)
NO_STROKES = "A film shows strokes as they were drawn; this picture was made from an image without any."


@dataclass(frozen=True, eq=False)
class Scene:
    """Scene is a drawing on its way, and what share of it is drawn."""

    canvas: Canvas
    share: float  # (0, 1]


def make_film(studio: Studio, data: bytes, *, on_step: OnShare, is_cancelled: IsCancelled) -> bytes:
    """Make the film of a picture's file as an animated WebP, at most MOST_BYTES.

    `on_step` hears how many frames of how many are there. Raises SettingError where the file carries no strokes,
    PictureFileError or StyleError as Studio.read_picture does, Cancelled once `is_cancelled()` turns true.
    """
    reopened = studio.read_picture(data)
    canvas = None if reopened.canvas is None else read_canvas(reopened.canvas)
    if canvas is None or not canvas.strokes:
        raise SettingError(NO_STROKES)
    with Image.open(io.BytesIO(data)) as opened:
        finished = opened.convert("RGB")
    finished.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    draw_picture = choose_pictures(studio, reopened.request, is_cancelled)
    frames, picture = list[Image.Image](), None
    scenes = list(cut_drawing(canvas))
    for number, scene in enumerate(scenes, 1):
        raise_if_cancelled(is_cancelled)
        if number % max(1, len(scenes) // PICTURES) == 0 and number < len(scenes):
            picture = draw_picture(scene.canvas) or picture
        shown = finished if number == len(scenes) else picture
        frames.append(lay_frame(paint_scene(scene.canvas, finished.size), shown, finished.size))
        on_step((number, len(scenes)))
    return encode_film(frames, write_xmp(reopened.request))


def cut_drawing(canvas: Canvas) -> Iterator[Scene]:
    """Yield the drawing at FRAMES moments, or at each mark where there are fewer: equal shares of the hand's way."""
    ways = [len(mark.points) if isinstance(mark, Stroke) else 12 for mark in canvas.strokes]
    total = sum(ways)
    for moment in range(1, FRAMES + 1):
        left, marks = max(1, round(total * moment / FRAMES)), list[Stroke | Fill]()
        for mark, way in zip(canvas.strokes, ways, strict=True):
            if left <= 0:
                break
            whole = left >= way or isinstance(mark, Fill)
            marks.append(mark if whole else mark.model_copy(update={"points": mark.points[:left]}))  # type: ignore[union-attr]
            left -= way
        yield Scene(canvas.model_copy(update={"strokes": marks}), moment / FRAMES)


def paint_scene(canvas: Canvas, size: tuple[int, int]) -> Image.Image:
    """Paint the drawing as it is in a scene, at `size` px."""
    from pipeline.sketch.intake import convert_seen

    try:
        pixels = convert_seen(canvas, 2).pixels
    except SketchError:  # hardly anything is drawn yet
        pixels = np.full((canvas.height, canvas.width, 3), 255, np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)


def choose_pictures(
    studio: Studio, request: GenerationRequest, is_cancelled: IsCancelled
) -> Callable[[Canvas], Image.Image | None]:
    """Return what draws the picture of a drawing on its way; nothing where the engine takes seconds for one."""
    if request.engine != studio.profile.name or not get_menu(request.engine).inks_drawing:
        return lambda canvas: None
    scale = LIVE_SIDE / max(request.width, request.height)
    step = get_menu(request.engine).side_step
    width, height = (max(step, round(side * scale / step) * step) for side in (request.width, request.height))

    def draw(canvas: Canvas) -> Image.Image | None:
        from pipeline.sketch.edges import fit_drawing
        from pipeline.sketch.intake import convert_seen

        try:
            sketch = convert_seen(canvas)
            edges = studio.read_edges(sketch, request.edges.reading, 50, 150, (width, height))
        except SketchError:
            return None
        small = replace(
            request,
            edges=edges,
            colours=replace(fit_drawing(sketch, (width, height)), greys=None),
            width=width,
            height=height,
            mask=None,
            repaints=(),
            start=None,
            enlargement=1,
        ).with_settings(num_inference_steps=LIVE_STEPS)
        return studio.redraw_batch(small, 1, is_cancelled=is_cancelled, gives_way=True)[0].image

    return draw


def lay_frame(drawing: Image.Image, picture: Image.Image | None, size: tuple[int, int]) -> Image.Image:
    """Lay drawing and picture side by side on paper; without a picture its place is empty."""
    width, height = size
    frame = Image.new("RGB", (2 * width + 3 * GAP, height + 2 * GAP), PAPER)
    frame.paste(drawing, (GAP, GAP))
    if picture is not None:
        shown = picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC)
        frame.paste(shown, (2 * GAP + width, GAP))
    return frame


def encode_film(frames: list[Image.Image], xmp: str) -> bytes:
    """Encode frames as an endless WebP with this XMP, whose last frame stays longer, as fine as MOST_BYTES allow."""
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
    stored = io.BytesIO()
    for quality in QUALITIES:
        stored = io.BytesIO()
        frames[0].save(
            stored,
            "WEBP",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
            quality=quality,
            method=3,
            xmp=xmp.encode(),
        )
        if stored.tell() <= MOST_BYTES:
            break
    return stored.getvalue()
