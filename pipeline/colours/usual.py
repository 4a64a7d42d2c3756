"""See to it that a thing shows the colours that it usually has: a honeybee is yellow somewhere.

Guidance exaggerates what a word changes, and can drive out a colour that the thing's palette and the network by itself
both know. So what all regions together are expected to have of a palette's main colours is reckoned in each round, and
where too little is left, that colour becomes likelier everywhere. Nothing becomes less likely: a tongue stays red.
All colours of the palette, those of small parts too, are somewhat likelier than others from the start; where one is
known to lie on such things (layouts.py) it is more so there than elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import Palette

MAIN = 0.2  # of a thing: colours of such a share are looked after
LEFT = 0.9  # of its share that a colour has at least, whatever the network thinks
SURE = 0.6  # of its share that the network by itself expects at least, to be sure of a colour
LIKE, LIGHTNESS = 0.06, 0.5  # OKLab: codes so near to a colour have it; so much a difference in lightness counts
MOST = 4.0  # logits, at most
GIVEN = 2.0  # logits: by so much any colour of a palette is likelier than others
PLACED, DOUBT = 2.0, 0.02  # logits for each e-fold that it is likelier there than by its share; added to both
TEMPERATURE = 0.5  # of the draw
TRIES = 6  # until the expected area settles
LEAST = 1e-3  # of the area: less is as good as nothing

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Usual:
    """Usual holds the main colours of the things that the words name, and how much there is to be of each."""

    given: Tensor  # (n, CODES) logits: how much likelier each token's colours are for the palettes, at least 0
    have: Tensor  # (k, CODES) how far each code has the main colour, in [0, 1]
    wanted: Tensor  # (k,) of the inner regions' area
    sure: Tensor  # (k,) bool: the network by itself thinks so too, then every picture is to show it
    parts: Tensor  # (n,) of that area: each token's; 0 for what runs off the picture

    @classmethod
    def of(
        cls,
        palettes: Sequence[Palette],
        codes: Float,
        chances: Tensor,
        areas: Tensor,
        places: Float | None = None,
    ) -> Usual:
        """Make them of the palettes of the things named, which share the drawing equally.

        codes: (CODES, 3) OKLab. chances: (n, CODES) of the network by itself, with nothing known. areas: (n,) px of
        inner regions, 0 for other tokens. places: (n, COLOURS) in [0, 1], how likely each colour of the one palette is
        for each token, where that is known.
        """
        colours = np.concatenate([np.zeros((0, 3), np.uint8), *(one.colours[one.shares > 0] for one in palettes)])
        every = np.concatenate([np.zeros(0, np.float32), *(one.shares[one.shares > 0] for one in palettes)])
        near, is_main = torch.from_numpy(compare_colours(to_oklab(colours), codes)), torch.from_numpy(every >= MAIN)
        leaning = np.full((1, len(every)), GIVEN, np.float32)
        if places is not None:
            is_there = palettes[0].shares > 0
            leaning = lean_to_places(palettes[0].scaled_shares[is_there], places[:, is_there])
        given = torch.zeros(len(areas), len(codes))
        for leans, alike in zip(torch.from_numpy(leaning).T, near, strict=True):
            given = torch.maximum(given, leans.expand(len(areas))[:, None] * alike)
        have, shares = near[is_main], torch.from_numpy(every)[is_main] / max(len(palettes), 1)
        parts = areas / areas.sum().clamp(min=1)
        known = have @ chances.T @ parts
        wanted = torch.maximum(LEFT * shares, torch.minimum(shares, known))
        return cls(given, have, wanted, known > SURE * shares, parts)

    def lean(self, logits: Tensor, known: Tensor, taste: Tensor) -> Tensor:
        """Return what is added to each token's logits, (n, CODES): for the palettes' colours, and more of a main one
        that is left too little.

        logits: (n, CODES). known: (n,) codes, CODES where open. taste: (CODES,), the noise that decides the draw.
        """
        inner = self.parts > 0
        plain, known = logits[inner] + self.given[inner], known[inner]
        decided = known < self.have.shape[1]
        fixed = torch.nn.functional.one_hot(known[decided], self.have.shape[1]).float()
        added, lacking = torch.zeros(self.have.shape[1]), torch.zeros(len(self.have))
        for _ in range(TRIES if len(lacking) else 0):
            before, likely = lacking, (plain + added) / TEMPERATURE
            left = self.measure(likely, self.parts[inner], decided, fixed)
            if self.sure.any():
                drawn = self.measure(likely + taste, self.parts[inner], decided, fixed)
                left = torch.where(self.sure, drawn, left)
            lacking = (lacking + TEMPERATURE * (self.wanted / left.clamp(min=LEAST)).log()).clamp(0, MOST)
            if torch.equal(lacking, before):  # all further tries would give the same
                break
            added = (lacking[:, None] * self.have).amax(0)
        return inner[:, None] * (self.given + added)

    def measure(self, likely: Tensor, parts: Tensor, decided: Tensor, fixed: Tensor) -> Tensor:
        """Return how much of each main colour there will be, (k,), by logits (m, CODES) of the inner regions, their
        `parts` (m,), and what is decided of them.
        """
        chances = likely.softmax(-1)
        chances[decided] = fixed
        return self.have @ (parts @ chances)


def lean_to_places(shares: Float, places: Float) -> Float:
    """Return by how many logits each colour of a palette is likelier for each token than other colours, (n, k).

    shares: (k,) of the thing, sum 1. places: (n, k) in [0, 1], how likely each colour is for each token.
    """
    return np.asarray(np.maximum(GIVEN + PLACED * np.log((places + DOUBT) / (shares + DOUBT)), 0), np.float32)


def compare_colours(colours: Float, codes: Float) -> Float:
    """Return how far each code (CODES, 3) has each colour (k, 3), both OKLab: (k, CODES) in [0, 1]."""
    apart = (codes - colours[:, None]) * np.array([LIGHTNESS, 1, 1], np.float32)
    return np.asarray(np.exp(-(apart**2).sum(-1) / (2 * LIKE**2)), np.float32)
