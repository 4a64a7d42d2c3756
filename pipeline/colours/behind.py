"""Hold what lies behind a drawing's things, in cells of a coarse grid, to the kind of ground that was drawn for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import from_oklab, to_oklab

SNAP, STEP = 0.12, 0.015  # OKLab: cells so near to a colour of their kind of ground take it on; a row further off
FREE, HELD = 0.08, 0.06  # OKLab: beyond FREE of all colours of the kind codes become unlikely by this deviation
MUDDIER = 0.02  # OKLab chroma: a colour of a kind that has so much less than the cell's is a mean of unlike grounds
MOST = 3.0  # logits, at most: what the words and the drawing surely say goes first

PALE, UNASKED = 0.6, 4.0  # OKLab lightness; logits: without words a darker kind of ground becomes so much rarer

Float = NDArray[np.float32]


def lean_on_pale_grounds(grounds: Float) -> Float:
    """Return what is added to the logits of the kinds of ground, (k,), where no words ask for night or space.

    grounds: (k, GROUND_ROWS, 3) OKLab.
    """
    return np.where(grounds[..., 0].mean(-1) < PALE, np.float32(-UNASKED), np.float32(0))


def find_behind(regions: NDArray[np.int32], homes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which cells, by the region (m,) that each lies in, are of what lies behind everything.

    That is what holds an upper corner of the picture: a hill or a table in front may run off it too.
    """
    return np.isin(homes, [regions[0, 0], regions[0, -1]])


def penalise_unlike_ground(codes: Float, rows: NDArray[np.int64], ground: Float) -> Float:
    """Return what is added to the logits of cells, (m, CODES), at most 0: colours unlike their kind of ground lose.

    A seed's taste is one for all of a picture. Without this a strong one makes a cream ground navy.
    codes: (CODES, 3) OKLab. rows: (m,), each cell's own row. ground: (GROUND_ROWS, 3) OKLab, from the top down.
    """
    apart = np.linalg.norm(codes[:, None] - ground[None], axis=-1)
    every = np.arange(len(ground))
    off = STEP * np.abs(every[:, None] - every)
    beyond = np.maximum((apart[None] + off[:, None]).min(-1) - FREE, 0)
    return np.asarray(-np.minimum(beyond**2 / (2 * HELD**2), MOST), np.float32)[rows]


def snap_to_ground(colours: Float, rows: NDArray[np.int64], ground: Float) -> Float:
    """Return the colours of cells, (m, 3) RGB, drawn to those of their kind of ground, (GROUND_ROWS, 3) OKLab.

    A mean of likely colours is a muddy one; the kinds of ground are clear. Where one is not, as it stands for grounds
    of two places, clear cells stay as they are. rows: (m,), each cell's own row.
    """
    lab = to_oklab(colours)
    apart = np.linalg.norm(lab[:, None] - ground[None], axis=-1)
    off = STEP * np.abs(rows[:, None] - np.arange(len(ground))[None])
    nearest = (apart + off).argmin(1)
    weight = np.exp(-((apart[np.arange(len(rows)), nearest] / SNAP) ** 2))[:, None]
    chroma, clearest = np.hypot(lab[:, 1], lab[:, 2]), np.hypot(ground[nearest, 1], ground[nearest, 2])
    weight *= (chroma - clearest < MUDDIER)[:, None]
    return from_oklab(np.asarray(lab + weight * (ground[nearest] - lab), np.float32))
