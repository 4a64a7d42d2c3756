"""Any picture as a style: the arbitrary style network of Ghiasi et al. 2017, the one home of onnxruntime.

"Exploring the structure of a real-time, arbitrary neural artistic stylization network": one network reads a style
picture into 100 numbers, a second one paints a picture by them. Its lightness and texture are taken, while the
painting's hues stay, as words and strokes asked for them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import StyleError, get_watched, look_for_cancel
from pipeline.painters.style_files import read_style_files
from pipeline.painters.texture import blur_widely
from pipeline.painters.weave import Weave, find_weave
from pipeline.values import Painting

if TYPE_CHECKING:
    import onnxruntime

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

STYLE_SIDE = 256  # px, the style picture's side
NUMBERS = 100
WORK_SIDE = 512  # px, the longer side at which the look is painted, whatever the picture's size
SMALL_WORK = 384  # px, the same for drafts
SMALL_SIDE = 288  # px, the longest side of a draft
MULTIPLE = 4  # the network halves a picture twice
MOST_THREADS = 4
LOOK = 0.05  # seconds between two looks whether a run of the network was cancelled

GRAIN = 0.015  # of the range, what is added to flat colour
GRAIN_CELLS = (2, 5, 12)  # px
INKED = 0.6  # how dark the lines are that the network sees
LIGHT = 0.7  # how much of the light is the look's
TO_PALETTE = 0.7  # how far the mean lightness goes towards the style picture's
PALE, COLOURED = 5.0, 32.0  # chroma in CIELAB: up to the first a place is grey, from the second on coloured
HUE_PALE, HUE_COLOURED, HUE_ALONE = 0.8, 0.2, 0.9  # how much of the hue is the look's: grey, coloured, one-hue styles
HUE_TEXTURE = 0.9  # how much of the look's changes of hue stay on the painting's own
RICHNESS = 0.6  # how far chroma goes towards the style picture's
WOVEN = 0.8  # how strongly what repeats in the style picture is laid
GIVES_WAY = 0.5  # how much of the look's own texture goes where all of the style picture repeats
INSTALL = "pip install -r requirements.txt"


@dataclass(frozen=True, eq=False)
class Palette:
    """How light and colourful a style picture is."""

    lightness: float  # mean L, [0, 100]
    chroma: float  # mean, CIELAB
    monochrome: float  # [0, 1], 1 where all of it has one hue or none


@dataclass(frozen=True, eq=False)
class PictureStyle:
    """What the painter keeps of a style picture."""

    numbers: Plane  # (100,)
    palette: Palette
    weave: Weave | None = None  # what repeats in it


@cache
def open_networks() -> tuple[onnxruntime.InferenceSession, onnxruntime.InferenceSession]:
    """Open both networks, once. Raises StyleError where onnxruntime or a file is missing or damaged."""
    try:
        import onnxruntime
    except ImportError as error:
        raise StyleError(f"A picture as a style needs onnxruntime: {INSTALL}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(MOST_THREADS, os.cpu_count() or 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # beside a browser spinning costs most
    predict, transform = (
        onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
        for stored in read_style_files()
    )
    return predict, transform


def read_style_picture(picture: Pixels) -> PictureStyle:
    """Read what the painter needs of a style picture, (H, W, 3) RGB of any size.

    Raises StyleError where it is no such picture or the network cannot be opened.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or min(picture.shape[:2]) < 8:
        raise StyleError(f"A style picture is uint8 RGB of at least 8 px; {picture.dtype} {picture.shape} came.")
    return PictureStyle(embed_style_picture(picture), read_palette(picture), find_weave(picture))


def embed_style_picture(picture: Pixels) -> Plane:
    """Return the network's (100,) float32 numbers for a style picture: pictures of like style lie near each other.

    A long picture is read in square pieces along its longer side, and their mean is taken.
    """
    predict, _ = open_networks()
    name = predict.get_inputs()[0].name
    found = [predict.run(None, {name: piece[None]})[0].ravel() for piece in square_pieces(picture)]
    return np.asarray(np.mean(found, axis=0), np.float32)


def square_pieces(picture: Pixels) -> list[Plane]:
    """The whole of a nearly square picture, or squares that cover a longer one, each (256, 256, 3) in [0, 1]."""
    height, width = picture.shape[:2]
    side = min(height, width)
    count = 1 if max(height, width) < 1.3 * side else 2 if max(height, width) < 2.2 * side else 3
    starts = np.linspace(0, max(height, width) - side, count).round().astype(int)
    if count == 1:
        pieces = [picture]
    elif width > height:
        pieces = [picture[:, start : start + side] for start in starts]
    else:
        pieces = [picture[start : start + side] for start in starts]
    return [as_light(resize(piece, (STYLE_SIDE, STYLE_SIDE))) for piece in pieces]


def resize(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Resize to (width, height): area means when it shrinks, cubic when it grows."""
    shrinks = size[0] < picture.shape[1]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))


def read_palette(picture: Pixels) -> Palette:
    """Measure a style picture's lightness and colourfulness."""
    lab = to_lab(as_light(resize(picture, (128, 128)))).reshape(-1, 3)
    light, a, b = lab.T
    chroma = float(np.hypot(a, b).mean())
    one_hue = float(np.hypot(a.mean(), b.mean())) / max(chroma, 1e-6)
    monochrome = max(np.clip((one_hue - 0.85) / 0.1, 0, 1), np.clip((8 - chroma) / 5, 0, 1))
    return Palette(float(light.mean()), chroma, float(monochrome))


def as_light(picture: Pixels) -> Plane:
    """Bytes -> [0, 1]."""
    return np.asarray(picture.astype(np.float32) / 255, np.float32)


def to_lab(picture: Plane) -> Plane:
    """RGB in [0, 1] -> CIELAB, L in [0, 100]."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB))


def to_rgb(lab: Plane) -> Plane:
    """CIELAB -> RGB in [0, 1]."""
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1))


def paint_like(painting: Painting, style: PictureStyle, strength: float, rng: np.random.Generator) -> Pixels:
    """Paint in the style of a picture, (H, W, 3) RGB as the painting; lines are to be laid over it afterwards.

    strength: 0 is the painting's colours as they are, 1 the whole style; between them it moves smoothly. The generator
    decides the grain from which the network makes its strokes. Raises StyleError for a strength outside [0, 1],
    Cancelled soon after what watches this thread says so.
    """
    if not 0 <= strength <= 1:
        raise StyleError(f"A style's strength lies between 0 and 1; {strength:g} came.")
    if strength == 0:
        return painting.colours
    look_for_cancel()
    size = choose_work_size(painting)
    plain = as_light(resize(painting.colours, size))
    lines = as_light(resize(painting.lines, size))[..., None]
    inked = np.asarray(np.clip(plain * (1 - INKED * lines) + make_grain(size, rng), 0, 1), np.float32)
    look = to_lab(transform(inked, style.numbers))
    if style.weave is not None:
        look = lay_weave(look, style.weave, rng)
    styled = join_colours(to_lab(plain), look, style.palette)
    return lay_change(painting.colours, plain, to_rgb(styled), strength)


def choose_work_size(painting: Painting) -> tuple[int, int]:
    """Choose the size (width, height) at which the network paints: strokes keep their share of the picture's side."""
    height, width = painting.lines.shape
    scale = (SMALL_WORK if max(height, width) <= SMALL_SIDE else WORK_SIDE) / max(width, height)
    return fit_side(width * scale), fit_side(height * scale)


def fit_side(length: float) -> int:
    """The nearest length that the network can halve twice, at least 32 px."""
    return max(32, round(length / MULTIPLE) * MULTIPLE)


def make_grain(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Make noise of several sizes, (h, w, 1): the network turns what is perfectly flat into bands."""
    width, height = size
    total = np.zeros((height, width), np.float32)
    for cell in GRAIN_CELLS:
        coarse = rng.standard_normal((height // cell + 2, width // cell + 2), np.float32)
        total += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(GRAIN * total[..., None], np.float32)


def transform(content: Plane, numbers: Plane) -> Plane:
    """Run the painting network: RGB in [0, 1], (h, w, 3), sides multiples of 4 -> the same in the style."""
    _, network = open_networks()
    picture, style = (one.name for one in network.get_inputs())
    with watch_run() as options:
        [painted] = network.run(None, {picture: content[None], style: numbers.reshape(1, 1, 1, NUMBERS)}, options)
    return np.asarray(painted[0], np.float32)


@contextmanager
def watch_run() -> Iterator[onnxruntime.RunOptions | None]:
    """Give a run of the network options by which it ends between two of its layers once it was cancelled.

    Raises Cancelled then. None where nobody watches this thread.
    """
    is_cancelled = get_watched()
    if is_cancelled is None:
        yield None
        return
    from onnxruntime import RunOptions
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail

    options, over = RunOptions(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK):
            options.terminate = is_cancelled()

    watcher = threading.Thread(target=watch, name="croquis-style-network", daemon=True)
    watcher.start()
    try:
        yield options
    except Fail:  # so it ends by that flag
        look_for_cancel()
        raise
    finally:
        over.set()
    look_for_cancel()


def join_colours(plain: Plane, look: Plane, palette: Palette) -> Plane:
    """Join the painting's hues with the look's lightness and texture, all CIELAB (h, w, 3).

    Grey and pale places take most of the look's own hue, coloured ones little of it; a style of one hue only, such as a
    blueprint, gives that hue to everything.
    """
    soft_plain, soft_look = blur_widely(plain), blur_widely(look)
    texture = look - soft_look
    light = texture[..., 0] + LIGHT * soft_look[..., 0] + (1 - LIGHT) * soft_plain[..., 0]
    light += TO_PALETTE * (palette.lightness - float(light.mean()))
    chroma = np.hypot(plain[..., 1], plain[..., 2])
    coloured = np.clip((chroma - PALE) / (COLOURED - PALE), 0, 1)[..., None]
    share = HUE_PALE + (HUE_COLOURED - HUE_PALE) * coloured
    share = share + (HUE_ALONE - share) * palette.monochrome
    richness = np.clip(palette.chroma / max(5.0, float(chroma.mean())), 0.5, 1.5) ** RICHNESS
    hue = (1 - share) * (richness * plain[..., 1:] + HUE_TEXTURE * texture[..., 1:]) + share * look[..., 1:]
    return np.asarray(np.dstack([np.clip(light, 0, 100), hue]), np.float32)


def lay_weave(look: Plane, weave: Weave, rng: np.random.Generator) -> Plane:
    """Lay what repeats in the style picture over the look, CIELAB (h, w, 3), whose own texture is in its way."""
    woven = look.copy()
    own = look[..., 0] - blur_widely(look[..., 0])
    woven[..., 0] += weave.share * (WOVEN * weave.cover(look.shape[1::-1], rng) - GIVES_WAY * own)
    return woven


def lay_change(colours: Pixels, plain: Plane, styled: Plane, strength: float) -> Pixels:
    """Add what the style changed, at the size it was painted at, to the colours at theirs: their borders stay crisp."""
    change = resize(strength * (styled - plain), colours.shape[1::-1])
    return np.asarray(np.clip(colours + 255 * change + 0.5, 0, 255), np.uint8)
