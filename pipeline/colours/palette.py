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

from pipeline.colours.oklab import to_oklab

WIDTH = 384  # of a token, as all-MiniLM-L6-v2's
SLOTS = 3  # things that a prompt's palettes can be told of
COLOURS = 5  # in a palette
LEVEL = 0.35  # deviation of a text token's numbers, which a palette token's shares
LONGEST = 4  # words of a name that is looked for

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Palette:
    colours: NDArray[np.uint8]  # (5, 3) RGB, the commonest first
    shares: Float  # (5,) of the thing's area, sum at most 1
    vector: Float  # (384,) unit vector of the name; zeros without one


@dataclass(frozen=True, eq=False)
class PaletteTable:
    names: tuple[str, ...]
    colours: NDArray[np.uint8]  # (N, 5, 3)
    shares: NDArray[np.float16]  # (N, 5)
    vectors: NDArray[np.float16]  # (N, 384)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {name: row for row, name in enumerate(self.names)})

    def get(self, name: str) -> Palette | None:
        """A name's palette, also of its singular."""
        rows: dict[str, int] = self.rows  # type: ignore[attr-defined]
        row = next((rows[form] for form in forms(name) if form in rows), None)
        if row is None:
            return None
        return Palette(self.colours[row], self.shares[row].astype(np.float32), self.vectors[row].astype(np.float32))

    def find(self, prompt: str) -> list[Palette]:
        """The palettes of the things that a prompt names, the longest names first; at most SLOTS."""
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


def load_palettes(file: Path) -> PaletteTable:
    with np.load(file) as data:
        return PaletteTable(
            tuple(str(name) for name in data["names"]), data["colours"], data["shares"], data["vectors"]
        )


def save_palettes(table: PaletteTable, file: Path) -> None:
    np.savez_compressed(
        file, names=np.array(table.names), colours=table.colours, shares=table.shares, vectors=table.vectors
    )


def forms(name: str) -> list[str]:
    """A name and what may be its singular: flowers, daisies, cherries."""
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


def own_palette(colours: NDArray[np.uint8], shares: Sequence[float] | None = None) -> Palette:
    """A palette that a person chose: (n, 3) RGB, n at most 5, equal shares unless given."""
    count = min(COLOURS, len(colours))
    padded, weights = np.zeros((COLOURS, 3), np.uint8), np.zeros(COLOURS, np.float32)
    padded[:count] = colours[:count]
    weights[:count] = np.full(count, 1 / count) if shares is None else np.asarray(shares[:count], np.float32)
    return Palette(padded, weights, np.zeros(WIDTH, np.float32))


def palette_tokens(palettes: Sequence[Palette]) -> Float:
    """(SLOTS * COLOURS, 384); colours without a share, and slots without a thing, are zeros."""
    tokens = np.zeros((SLOTS, COLOURS, WIDTH), np.float32)
    for slot, palette in enumerate(palettes[:SLOTS]):
        made = colour_waves(palette.colours, palette.shares) @ MIXING + LEVEL * np.sqrt(WIDTH) * palette.vector
        tokens[slot] = 0.7 * made * (palette.shares > 0)[:, None]
    return tokens.reshape(SLOTS * COLOURS, WIDTH)


def colour_waves(colours: NDArray[np.uint8], shares: Float) -> Float:
    """(n, 24): sines and cosines of lightness, a and b at four rates; the shares ride on the first column."""
    place = to_oklab(colours) * np.array([1.0, 2.5, 2.5], np.float32)
    angle = place[:, :, None] * np.pi * np.array([0.5, 1.0, 2.0, 4.0], np.float32)
    waves = np.concatenate([np.sin(angle), np.cos(angle)], -1).reshape(len(colours), -1)
    return np.concatenate([waves, np.sqrt(shares)[:, None] * 2], -1).astype(np.float32)


def mixing_matrix() -> Float:
    """(25, 384) fixed: spreads the waves over a token's width; the same on every machine."""
    angle = np.outer(np.arange(1, 26), np.arange(1, WIDTH + 1)) * np.float64(2.399963)
    rows = np.sin(angle * np.sqrt(np.arange(2, 27))[:, None])
    return np.asarray(rows / np.sqrt((rows**2).mean()) * LEVEL / np.sqrt(13), np.float32)


MIXING = mixing_matrix()
