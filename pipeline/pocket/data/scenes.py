"""Compose training pictures from named things: one large thing, sometimes small company, a calm ground, a caption.

Colour words are taught by recolouring: in nearly half of the pictures the thing is painted with a random colour word
that stands before its name; without a word a thing keeps its own colours, so that the model learns the usual ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.colors import COLORS, name_color, recolor
from pipeline.pocket.data.grounds import Ground, draw_ground
from pipeline.pocket.data.skies import Float, Rng, pick_word

if TYPE_CHECKING:
    from pipeline.pocket.data.pack import Thing

__all__ = ["COLORS", "Picture", "compose_picture"]

RECOLORED_SHARE = 0.45  # share of pictures whose thing is painted with a colour word
USUAL_COLOR_SHARE = 0.3  # share of the others that name the colour a thing has anyway
PLAIN_SHARE = 0.4  # share of grounds of one tone
COMPANY_SHARE = 0.35  # share with one or two small others
COLOR_WORD = re.compile(rf"\b(?:{'|'.join(COLORS)}|grey|golden|gold)\b\s*", re.IGNORECASE)

cv2.setNumThreads(1)  # workers of a data loader must not fight over cores


@dataclass(frozen=True, eq=False)
class Picture:
    """Picture is a composed scene with all that is known of it."""

    image: Float  # (side, side, 3) RGB in [0, 1]
    caption: str  # at most 20 words
    subject_mask: NDArray[np.bool_]  # (side, side), what is seen of the main thing
    outlines: NDArray[np.bool_]  # (side, side), the rims of all things as far as they are seen
    subject: Thing
    color: str | None  # the colour word in the caption, which most of the subject obeys
    names: tuple[str, ...]  # things placed, the subject's first


@dataclass(frozen=True, eq=False)
class Layer:
    """Layer is a cut-out moved to its place."""

    rgb: Float  # (side, side, 3) premultiplied
    alpha: Float  # (side, side)


def compose_picture(
    things: Sequence[Thing],
    rng: Rng,
    side: int = 128,
    *,
    color: str | None = "any",
    subject: Thing | None = None,
    alone: bool = False,
) -> Picture:
    """Compose a new picture; everything random comes from `rng`.

    `color`: a colour word to paint the subject with, None for its own colours, "any" to let chance decide.
    `alone`: no company, and one plain tone behind.
    Raises ValueError without things or for an unknown colour word.
    """
    if not len(things):
        raise ValueError("compose_picture() needs at least one thing.")
    if color not in (None, "any", *COLORS):
        raise ValueError(f"Expected a colour word of {', '.join(COLORS)}, got {color!r}.")
    subject = subject or things[int(rng.integers(len(things)))]
    rgb, alpha = draw_cutout(subject, rng)
    word = choose_color(rng) if color == "any" else color
    if word:
        rgb = recolor(rgb, alpha, word, rng)
    main = place_cutout(rgb, alpha, rng, side, rng.uniform(0.55, 0.94))
    word = word or (name_usual_color(rgb, alpha, rng) if color == "any" else None)
    ground = choose_contrasting_ground(main, rng, side, 1.0 if alone else PLAIN_SHARE)
    others = [] if alone else choose_company(things, rng)
    small = [place_company(other, main, rng, side) for other in others]
    image, visible, outlines = stack_layers(ground, main, small, in_front=rng.random() < 0.5)
    names = (choose_name(subject, rng, bare=word is not None), *(choose_name(other, rng) for other in others))
    return Picture(image, write_caption(names, word, ground, rng), visible, outlines, subject, word, names)


def stack_layers(
    ground: Ground, main: Layer, small: Sequence[Layer], in_front: bool
) -> tuple[Float, NDArray[np.bool_], NDArray[np.bool_]]:
    """Stack the layers on the ground, the main one last if `in_front`.

    Returns the picture, what is seen of the main one, and the rims of all as far as they are seen.
    """
    image, seen = ground.image.copy(), main.alpha.copy()
    outlines = np.zeros(seen.shape, np.bool_)
    for layer in (*small, main) if in_front else (main, *small):
        paint_layer(image, layer)
        solid = layer.alpha > 0.5
        outlines = (outlines & ~solid) | find_rim(solid)
    for layer in () if in_front else small:
        seen *= 1 - layer.alpha
    return np.clip(image, 0, 1), seen > 0.5, outlines


def find_rim(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the outermost pixels of a mask (H, W)."""
    return np.asarray(mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0))


def draw_cutout(thing: Thing, rng: Rng) -> tuple[Float, Float]:
    """Draw one artist's picture of a thing, mirrored half of the time.

    Returns RGB (H, W, 3) and alpha (H, W), float32 in [0, 1].
    """
    rgba = thing.pictures[int(rng.integers(len(thing.pictures)))]
    if rng.random() < 0.5:
        rgba = rgba[:, ::-1]
    scaled = rgba.astype(np.float32) / 255
    return np.ascontiguousarray(scaled[..., :3]), np.ascontiguousarray(scaled[..., 3])


def choose_color(rng: Rng) -> str | None:
    """Choose a colour word to paint a thing with; None for its own colours."""
    return pick_word(rng, tuple(COLORS)) if rng.random() < RECOLORED_SHARE else None


def choose_company(things: Sequence[Thing], rng: Rng) -> list[Thing]:
    """Choose none, one or two other things."""
    if rng.random() > COMPANY_SHARE:
        return []
    return [things[i] for i in rng.integers(len(things), size=int(rng.integers(1, 3)))]


def name_usual_color(rgb: Float, alpha: Float, rng: Rng) -> str | None:
    """Name a thing's own colour, in some pictures and where there is a word for it."""
    solid = rgb[alpha > 0.5]  # a thing of glass has none
    return name_color(solid) if len(solid) and rng.random() < USUAL_COLOR_SHARE else None


def place_cutout(rgb: Float, alpha: Float, rng: Rng, side: int, share: float, middle: Float | None = None) -> Layer:
    """Scale a cut-out to `share` of the side, turn it a little and put it somewhere whole (or at `middle`, px)."""
    small = max(4, round(side * share))
    size = (small, small)
    flat = np.dstack((rgb * alpha[..., None], alpha))
    flat = cv2.resize(flat, size, interpolation=cv2.INTER_AREA if small < len(flat) else cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D((small / 2, small / 2), rng.normal(0, 6), 1.0)
    if middle is None:
        room = max(0.0, (side - small) / 2)
        middle = np.asarray(side / 2 + rng.uniform(-room, room, 2) * (1, 0.8), np.float32)
    turn[:, 2] = turn[:, 2] + middle - small / 2
    laid = np.asarray(cv2.warpAffine(flat, turn, (side, side), flags=cv2.INTER_LINEAR), np.float32)
    np.clip(laid, 0, 1, out=laid)
    return Layer(laid[..., :3], laid[..., 3])


def paint_layer(image: Float, layer: Layer) -> None:
    """Paint a layer over the image; in place."""
    image *= 1 - layer.alpha[..., None]
    image += layer.rgb


def place_company(other: Thing, main: Layer, rng: Rng, side: int) -> Layer:
    """Place another thing, small, where the main one is not: the emptiest of a few random spots."""
    rgb, alpha = draw_cutout(other, rng)
    share = rng.uniform(0.16, 0.3)
    half = side * share / 2
    spots = rng.uniform(half, side - half, (6, 2)).astype(np.float32)
    taken = cv2.blur(main.alpha, (int(2 * half) | 1, int(2 * half) | 1))
    best = int(np.argmin([taken[int(y), int(x)] for x, y in spots]))
    return place_cutout(rgb, alpha, rng, side, share, spots[best])


def choose_contrasting_ground(main: Layer, rng: Rng, side: int, plain_share: float) -> Ground:
    """Choose a ground that the thing's rim stands out from: the first good one of three, else the best."""
    solid = (main.alpha > 0.9).astype(np.uint8)
    rim = (solid - cv2.erode(solid, np.ones((5, 5), np.uint8))).astype(bool)
    best, most = draw_ground(side, rng, plain_share), -1.0
    for tried in range(3):
        ground = draw_ground(side, rng, plain_share) if tried else best
        contrast = float(np.percentile(np.abs(ground.image[rim] - main.rgb[rim]).max(1), 30)) if rim.any() else 1.0
        if contrast > most:
            best, most = ground, contrast
        if most > 0.16:
            break
    return best


def choose_name(thing: Thing, rng: Rng, bare: bool = False) -> str:
    """Choose a thing's name, now and then one of its other words; `bare` takes colour words out of it."""
    words = [word for word in thing.words if 2 < len(word) < 20 and not re.search(r"\d", word)]
    name = pick_word(rng, tuple(words)) if words and rng.random() < 0.2 else thing.name
    short = " ".join(name.split()[:5])
    return remove_color_words(short) if bare else short


def remove_color_words(name: str) -> str:
    """Remove colour words from a name, unless nothing else is left: "green apple" is an apple."""
    return COLOR_WORD.sub("", name).strip() or name


def add_article(phrase: str) -> str:
    """Add the article: "a fox", "an owl", and "grapes" as they are."""
    if re.search(r"[^su]s$", phrase):
        return phrase
    return f"{'an' if phrase[:1].lower() in 'aeiou' else 'a'} {phrase}"


def write_caption(names: tuple[str, ...], color: str | None, ground: Ground, rng: Rng) -> str:
    """Write a short caption: the main thing first or after its company, the place said in most."""
    name, others = names[0], names[1:]
    main = f"{color} {name}" if color else name
    place_words = ground.words if rng.random() < 0.85 else ""
    if rng.random() < 0.15:
        parts = [name, color or "", *others[:1], place_words]
        return shorten_caption(", ".join(part for part in parts if part))
    told = add_article(main) if rng.random() < 0.8 else main
    small = join_company(others, rng) if others and rng.random() < 0.85 else ""
    phrase = told if not small else f"{told} {pick_word(rng, ('and', 'with'))} {small}"
    before = pick_word(rng, ("", "", "", "", "a picture of ", "a drawing of ", "drawing of ", "picture of "))
    return shorten_caption(f"{before}{phrase} {place_words}".strip())


def join_company(others: tuple[str, ...], rng: Rng) -> str:
    size = pick_word(rng, ("", "small ", "little "))
    if len(others) == 2 and others[0] == others[1]:
        return f"two {size}{others[0]}s"
    return " and ".join(add_article(f"{size}{other}") for other in others)


def shorten_caption(caption: str, words: int = 20) -> str:
    return " ".join(caption.split()[:words])
