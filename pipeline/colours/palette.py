"""Which colours things have: a small table of five colours a name, found by the prompt's words, read by the colourist.

A palette token is the thing's name (its MiniLM vector) plus where its colour lies (fixed waves over OKLab), so that
text and colours go through the same attention: (SLOTS * COLOURS, 384) for up to three things. A token of zeros says
nothing. A palette that a person chose has no name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.layouts import CELLS, SIZES
from pipeline.colours.oklab import to_oklab

WIDTH = 384  # of a token, as all-MiniLM-L6-v2's
SLOTS = 3  # things that a prompt's palettes can be told of
COLOURS = 5  # in a palette
LEVEL = 0.35  # deviation of a text token's numbers, which a palette token's shares
LONGEST = 4  # words of a name that is looked for

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Palette:
    """Palette holds the colours that a thing has, and where words lie that name it."""

    colours: NDArray[np.uint8]  # (5, 3) RGB, the commonest first
    shares: Float  # (5,) of the thing's area, sum at most 1
    vector: Float  # (384,) unit vector of the name; zeros without one
    layout: Float | None = None  # (5, SIZES, CELLS) in [0, 1], how likely each colour is there (layouts.py), if known

    @property
    def scaled_shares(self) -> Float:
        """Return the shares scaled to sum 1, (5,); zeros stay zeros."""
        return np.asarray(self.shares / max(float(self.shares.sum()), 1e-6), np.float32)


@dataclass(frozen=True, eq=False)
class PaletteTable:
    """PaletteTable holds the palettes of all things that are known by name."""

    names: tuple[str, ...]
    colours: NDArray[np.uint8]  # (N, 5, 3)
    shares: NDArray[np.float16]  # (N, 5)
    vectors: NDArray[np.float16]  # (N, 384)
    layouts: NDArray[np.uint8] | None = None  # (N, 5, SIZES, CELLS), of 255; zeros for what has no parts, as places

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {name: row for row, name in enumerate(self.names)})

    def get(self, name: str) -> Palette | None:
        """Return the palette of a name or of its singular; None for an unknown one."""
        rows: dict[str, int] = self.rows  # type: ignore[attr-defined]
        row = next((rows[form] for form in list_forms(name) if form in rows), None)
        if row is None:
            return None
        shares, vector = self.shares[row].astype(np.float32), self.vectors[row].astype(np.float32)
        return Palette(self.colours[row], shares, vector, self._read_layout(row))

    def _read_layout(self, row: int) -> Float | None:
        if self.layouts is None or not self.layouts[row].any():
            return None
        return np.asarray(self.layouts[row] / np.float32(255), np.float32)

    def find(self, prompt: str) -> list[Palette]:
        """Return the palettes of the things that a prompt names, in its order, at most SLOTS; longer names go first."""
        words = re.findall(r"[a-z']+", prompt.lower())
        found: list[tuple[int, Palette]] = []
        taken: set[int] = set()
        for length in range(LONGEST, 0, -1):
            for start in range(len(words) - length + 1):
                span = set(range(start, start + length))
                palette = None if span & taken else self.get(" ".join(words[start : start + length]))
                if palette is not None:
                    taken |= span
                    found.append((start, palette))
        return [palette for _, palette in sorted(found, key=lambda one: one[0])[:SLOTS]]


def load_palettes(file: Path, layouts: Path | None = None) -> PaletteTable:
    """Load a table that `save_palettes` wrote, with the layouts that `save_layouts` did, if any.

    Raises ValueError where an array is missing or of another shape.
    """
    with np.load(file) as data:
        if missing := {"names", "colours", "shares", "vectors"} - set(data.files):
            raise ValueError(f"{file} lacks {', '.join(sorted(missing))}.")
        names = tuple(str(name) for name in data["names"])
        shapes = {"colours": (COLOURS, 3), "shares": (COLOURS,), "vectors": (WIDTH,)}
        arrays = {name: data[name] for name in shapes}
    for name, shape in shapes.items():
        if arrays[name].shape != (len(names), *shape):
            raise ValueError(f"{file}: expected {name} of {(len(names), *shape)}, found {arrays[name].shape}.")
    return PaletteTable(names, **arrays, layouts=None if layouts is None else load_layouts(layouts, len(names)))


def load_layouts(file: Path, count: int) -> NDArray[np.uint8]:
    """Load the layouts of `count` palettes. Raises ValueError where they are missing, or of another shape or type."""
    with np.load(file) as data:
        if "layouts" not in data.files:
            raise ValueError(f"{file} lacks layouts.")
        made: NDArray[np.uint8] = data["layouts"]
    wanted = (count, COLOURS, SIZES, CELLS)
    if made.shape != wanted or made.dtype != np.uint8:
        raise ValueError(f"{file}: expected layouts of {wanted} in uint8, found {made.shape} in {made.dtype}.")
    return made


def save_layouts(layouts: NDArray[np.uint8], file: Path) -> None:
    """Write layouts, (N, 5, SIZES, CELLS), as npz."""
    np.savez_compressed(file, layouts=layouts)


def save_palettes(table: PaletteTable, file: Path) -> None:
    """Write a table as npz."""
    np.savez_compressed(
        file, names=np.array(table.names), colours=table.colours, shares=table.shares, vectors=table.vectors
    )


def list_forms(name: str) -> list[str]:
    """List a name and what may be its singular: flowers, daisies, cherries."""
    made = [name]
    if name.endswith("ies"):
        made.append(name[:-3] + "y")
    if name.endswith("es"):
        made.append(name[:-2])
    if name.endswith("s") and not name.endswith("ss"):
        made.append(name[:-1])
    if name.endswith("'s"):
        made.append(name[:-2])
    return made


def make_palette(colours: NDArray[np.uint8], shares: Sequence[float] | None = None) -> Palette:
    """Make a palette that a person chose: (n, 3) RGB uint8, the first five count; equal shares unless given."""
    count = min(COLOURS, len(colours))
    padded, weights = np.zeros((COLOURS, 3), np.uint8), np.zeros(COLOURS, np.float32)
    padded[:count] = colours[:count]
    weights[:count] = np.full(count, 1 / count) if shares is None else np.asarray(shares[:count], np.float32)
    return Palette(padded, weights, np.zeros(WIDTH, np.float32))


def encode_palettes(palettes: Sequence[Palette]) -> Float:
    """Return palettes as tokens, (SLOTS * COLOURS, 384) float32; zeros for colours without a share and empty slots."""
    tokens = np.zeros((SLOTS, COLOURS, WIDTH), np.float32)
    for slot, palette in enumerate(palettes[:SLOTS]):
        made = encode_colours(palette.colours, palette.shares) @ MIXING + LEVEL * np.sqrt(WIDTH) * palette.vector
        tokens[slot] = 0.7 * made * (palette.shares > 0)[:, None]
    return tokens.reshape(SLOTS * COLOURS, WIDTH)


def encode_colours(colours: NDArray[np.uint8], shares: Float) -> Float:
    """Return colours (n, 3) RGB as (n, 25): sines and cosines of OKLab at four rates, then the root of the share."""
    place = to_oklab(colours) * np.array([1.0, 2.5, 2.5], np.float32)
    angle = place[:, :, None] * np.pi * np.array([0.5, 1.0, 2.0, 4.0], np.float32)
    waves = np.concatenate([np.sin(angle), np.cos(angle)], -1).reshape(len(colours), -1)
    return np.concatenate([waves, np.sqrt(shares)[:, None] * 2], -1).astype(np.float32)


def make_mixing_matrix() -> Float:
    """Return a fixed matrix, (25, 384), that spreads waves over a token's width; the same on every machine."""
    angle = np.outer(np.arange(1, 26), np.arange(1, WIDTH + 1)) * np.float64(2.399963)
    rows = np.sin(angle * np.sqrt(np.arange(2, 27))[:, None])
    return np.asarray(rows / np.sqrt((rows**2).mean()) * LEVEL / np.sqrt(13), np.float32)


MIXING = make_mixing_matrix()
