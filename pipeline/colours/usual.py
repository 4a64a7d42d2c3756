"""See to it that a thing shows the colours that it usually has: a honeybee is yellow somewhere.

Guidance exaggerates what a word changes, and can drive out a colour that the thing's palette and the network by itself
both know. So what all regions together are expected to have of a palette's main colours is reckoned in each round, and
where too little is left, that colour becomes likelier everywhere. Nothing becomes less likely: a tongue stays red.
All colours of the palette, those of small parts too, are somewhat likelier than others from the start.
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
TEMPERATURE = 0.5  # of the draw
TRIES = 6  # until the expected area settles
LEAST = 1e-3  # of the area: less is as good as nothing


@dataclass(frozen=True, eq=False)
class Usual:
    """Usual holds the main colours of the things that the words name, and how much there is to be of each."""

    given: Tensor  # (CODES,) how far each code has any colour of the palettes, in [0, 1]
    have: Tensor  # (k, CODES) how far each code has the main colour, in [0, 1]
    wanted: Tensor  # (k,) of the inner regions' area
    sure: Tensor  # (k,) bool: the network by itself thinks so too, then every picture is to show it
    parts: Tensor  # (n,) of that area: each token's; 0 for what runs off the picture

    @classmethod
    def of(cls, palettes: Sequence[Palette], codes: NDArray[np.float32], chances: Tensor, areas: Tensor) -> Usual:
        """Make them of the palettes of the things named, which share the drawing equally.

        codes: (CODES, 3) OKLab. chances: (n, CODES) of the network by itself, with nothing known. areas: (n,) px of
        inner regions, 0 for other tokens.
        """
        colours = np.concatenate([np.zeros((0, 3), np.uint8), *(one.colours[one.shares > 0] for one in palettes)])
        every = np.concatenate([np.zeros(0, np.float32), *(one.shares[one.shares > 0] for one in palettes)])
        near, is_main = torch.from_numpy(compare_colours(to_oklab(colours), codes)), torch.from_numpy(every >= MAIN)
        given = near.amax(0) if len(near) else torch.zeros(len(codes))
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
        mine, known, given = logits[inner], known[inner], GIVEN * self.given
        decided = known < self.have.shape[1]
        fixed = torch.nn.functional.one_hot(known[decided], self.have.shape[1]).float()
        added, lacking = torch.zeros(self.have.shape[1]), torch.zeros(len(self.have))
        for _ in range(TRIES if len(lacking) else 0):
            expected, drawn = (
                self.measure((mine + given + added) / TEMPERATURE + noise, decided, fixed) for noise in (0, taste)
            )
            left = torch.where(self.sure, drawn, expected).clamp(min=LEAST)
            lacking = (lacking + TEMPERATURE * (self.wanted / left).log()).clamp(0, MOST)
            added = (lacking[:, None] * self.have).amax(0)
        return inner[:, None] * (given + added)

    def measure(self, likely: Tensor, decided: Tensor, fixed: Tensor) -> Tensor:
        """Return how much of each main colour there will be, (k,), by logits (m, CODES) of the inner regions and what
        is decided of them.
        """
        chances = likely.softmax(-1)
        chances[decided] = fixed
        return self.have @ (self.parts[self.parts > 0] @ chances)


def compare_colours(colours: NDArray[np.float32], codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far each code (CODES, 3) has each colour (k, 3), both OKLab: (k, CODES) in [0, 1]."""
    apart = (codes - colours[:, None]) * np.array([LIGHTNESS, 1, 1], np.float32)
    return np.asarray(np.exp(-(apart**2).sum(-1) / (2 * LIKE**2)), np.float32)
