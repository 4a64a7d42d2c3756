"""Read how many px come to a picture on each side, and the size that it has within them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingError
from pipeline.request.notation import name_kind, parse_json

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile
    from pipeline.request.presets import Menu

Pixels = NDArray[np.uint8]
Size = tuple[int, int]  # width, height in px

EXAMPLE = '{"left": 128, "right": 128}'
LIMIT = 200  # characters
MOST, LEAST_SIDE = 4096, 64  # px that come on a side; that a picture within its margins has
UNLIKE = 0.02  # by so much of it the proportions of a picture may change
NOTHING_NEW = (
    "{} draws nothing new around a picture: its sheet grew, and what is empty on it is coloured as the ground is."
)


@dataclass(frozen=True)
class Margins:
    """Margins says how many px come to a picture on each side."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __bool__(self) -> bool:
        """Return whether anything comes."""
        return any(astuple(self))

    def widen(self, size: Size) -> Size:
        """Return the size with these margins."""
        return size[0] + self.left + self.right, size[1] + self.top + self.bottom

    def pad(self, pixels: Pixels, fill: int | None = None) -> Pixels:
        """Return pixels (H, W, ...) with these margins: filled with a number, or with what the border has."""
        room = ((self.top, self.bottom), (self.left, self.right), *[(0, 0)] * (pixels.ndim - 2))
        return np.pad(pixels, room, "edge") if fill is None else np.pad(pixels, room, constant_values=fill)


def parse_margins(given: object) -> Margins:
    """Read an object, or the JSON text of one, from "left", "top", "right", "bottom" to px; none without one.

    Raises SettingError that names the side, what it takes and what came.
    """
    if given is None or given == "":
        return Margins()
    read = parse_json("margins", given, LIMIT, EXAMPLE) if isinstance(given, str) else given
    sides = asdict(Margins())
    if not isinstance(read, Mapping):
        raise SettingError(f"margins is an object such as {EXAMPLE}; {name_kind(read)} came.")
    for side, value in read.items():
        if side not in sides:
            raise SettingError(f"margins has the keys {', '.join(sides)}; {str(side)[:40]!r} came.")
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or value != value // 1
            or not 0 <= value <= MOST
        ):
            came = str(value)[:20] if isinstance(value, int | float) else name_kind(value)
            raise SettingError(f"{side} of margins is a whole number of px from 0 to {MOST}; {came} came.")
    return Margins(**{str(side): int(value) for side, value in read.items()})


def fit_within(
    margins: Margins, pixels: Pixels, sides: tuple[object, object], parse_size: Callable[[object, object], Size]
) -> Size:
    """Return the size that a picture (H, W, 3) has within its margins: its own, or what `sides`, width and height of
    the whole where they came, leave of them. `parse_size` reads the whole's. Raises SettingError.
    """
    picture = pixels.shape[1], pixels.shape[0]
    whole: tuple[object, object] = margins.widen(picture) if sides == (None, None) else sides
    try:
        width, height = parse_size(*whole)
    except SettingError as error:
        raise SettingError(f"With these margins the picture has {whole[0]} x {whole[1]} px. {error}") from error
    inner = width - margins.left - margins.right, height - margins.top - margins.bottom
    if min(inner) < LEAST_SIDE:
        raise SettingError(
            f"Within its margins a picture has {LEAST_SIDE} px a side or more; of {width} x {height} px these leave "
            f"{inner[0]} x {inner[1]}."
        )
    if abs(inner[0] * picture[1] / (inner[1] * picture[0]) - 1) > UNLIKE:
        raise SettingError(
            f"Within its margins the image keeps its proportions; it is {picture[0]} x {picture[1]}, and of "
            f"{width} x {height} px these leave {inner[0]} x {inner[1]}."
        )
    return inner


def tell_margins(profile: ModelProfile, menu: Menu, margins: Margins) -> tuple[str, ...]:
    """Return a notice where margins came and the engine draws nothing new in them."""
    return () if menu.starts_from_pictures or not margins else (NOTHING_NEW.format(profile.title),)
