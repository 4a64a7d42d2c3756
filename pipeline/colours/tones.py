"""Give neighbouring parts of one colour two tones of it, as illustrators do: an ear is darker than the head.

Without lines, or in a style that paints over them, parts of one colour would be one. The larger part keeps its colour,
the smaller one becomes darker or lighter by as little as tells them apart; hues stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import from_oklab, to_oklab

ONE, TWO = 0.06, 0.13  # OKLab: neighbours that differ by less have one colour; so much tells them apart (CIEDE2000 10)
ALIKE = 0.8  # of the larger one's area: parts so alike may be petals or panes, which are to have one colour
MOST, STEP = 0.15, 0.01  # OKLab lightness: how far a tone goes, and in what steps
DARKEST, LIGHTEST = 0.12, 0.98  # of a tone
SHIFTS = np.array(sorted(np.round(np.arange(-MOST, MOST + STEP / 2, STEP), 6), key=lambda by: (abs(by), by)))

Float = NDArray[np.float32]
Numbers = NDArray[np.int64]


def tell_apart(
    tones: Float, first: Numbers, second: Numbers, groups: Numbers, areas: Float, fixed: NDArray[np.bool_]
) -> Float:
    """Return the colours of a drawing's tokens, (n, 3) RGB in [0, 1], with neighbours of one colour in two tones.

    first, second: (p,) the tokens of each two neighbours. groups: (n,) numbers; what has the same one keeps one colour.
    areas: (n,) of what is no ground, else 0. fixed: (n,) bool, what keeps its colour, as the person painted it.
    """
    unlike = np.minimum(areas[first], areas[second]) < ALIKE * np.maximum(areas[first], areas[second])
    beside: dict[int, set[int]] = {}
    for one, other in zip(groups[first[unlike]].tolist(), groups[second[unlike]].tolist(), strict=True):
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    if not beside:
        return tones
    lab = to_oklab(tones)
    members = {number: np.flatnonzero((groups == number) & (areas > 0)) for number in beside}
    sizes = {number: (fixed[mine].any(), float(areas[mine].max())) for number, mine in members.items()}
    settled: dict[int, Float] = {}
    made = tones.copy()
    for number in sorted(beside, key=lambda each: sizes[each], reverse=True):
        mine = members[number]
        around = [settled[other] for other in beside[number] if other in settled]
        shift = find_shift(lab[mine].mean(0), np.stack(around)) if around and not fixed[mine].any() else 0.0
        if shift:
            lab[mine, 0] += np.float32(shift)
            made[mine] = np.clip(from_oklab(lab[mine]), 0, 1)
        settled[number] = lab[mine].mean(0)
    return made


def find_shift(colour: Float, around: Float) -> float:
    """Return by how much lighter a part of this colour (3,) is to be beside others (k, 3), OKLab; 0 where it is apart
    from them already, or no tone is.
    """
    if np.linalg.norm(around - colour, axis=-1).min() >= ONE:
        return 0.0
    made = colour + SHIFTS[:, None] * np.array([1, 0, 0])
    apart = np.linalg.norm(made[:, None] - around[None], axis=-1).min(1)
    good = (apart >= TWO) & (made[:, 0] >= DARKEST) & (made[:, 0] <= LIGHTEST)
    return float(SHIFTS[good.argmax()]) if good.any() else 0.0
