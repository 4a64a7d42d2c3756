"""One drawing and its words as a question to the network, and the draw of colours in each round."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.colours.behind import find_behind, penalise_unlike_ground, snap_to_ground
from pipeline.colours.kin import count_borders, find_kin
from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_features import ROWS, RegionFeatures
from pipeline.colours.region_network import CODES, GROUND_ROWS, GROUNDS, Heard, RegionColours, Sight
from pipeline.colours.twins import find_twins

NEAR, CELL_NEAR = 0.04, 0.06  # OKLab: how far a region's colour and a cell's settle from the code that was drawn
TEMPERATURE, CELL_TEMPERATURE, GROUND_TEMPERATURE = 0.5, 0.4, 0.7  # the kind of ground says what cells may vary
PUSH, PUSHED = 2.5, 0.07  # logits, OKLab: a line between two regions says that they differ
KNOWN_PUSH = 4.0  # logits: the same where the thing's palette says which other colours there are
RIM = 6  # px of border that neighbours share
# Of the larger one's area: neighbours so alike may be petals or panes of one colour. Known: as KNOWN_PUSH.
ALIKE, KNOWN_ALIKE = 0.55, 0.8
CELL_GUIDANCE = 1.0  # at most, of cells: the kind of ground has heard the words already

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class State:
    """State is what is decided so far."""

    known: Tensor  # (n,) codes of regions and cells, CODES where open
    ground: int  # kind of ground, GROUNDS where open


@dataclass(frozen=True, eq=False)
class Taste:
    """Taste is the noise that decides between likely colours, one for all regions of a picture."""

    codes: Tensor  # (CODES,) Gumbel noise
    grounds: Tensor  # (GROUNDS,) the same


def draw_tastes(count: int, seed: int, variation_seed: int = 0, variation_strength: float = 0.0) -> list[Taste]:
    """Draw the noise of a seed's first tries, which share the ground's; a variation turns it towards another seed's.

    At strength 1 it is a quarter turn. It is made between normal numbers, which stay normal: each likely colour keeps
    its chance.
    """
    uniform = draw_uniform(count, seed)
    if variation_strength:
        angle = math.pi / 2 * variation_strength
        near, other = torch.special.ndtri(uniform), torch.special.ndtri(draw_uniform(count, variation_seed))
        uniform = torch.special.ndtr(math.cos(angle) * near + math.sin(angle) * other).clamp(1e-9, 1 - 1e-9)
    gumbel = (-(-uniform.log()).log()).float()
    return [Taste(one[:CODES], gumbel[0, CODES:]) for one in gumbel]


def draw_uniform(count: int, seed: int) -> Tensor:
    """Draw (count, CODES + GROUNDS) numbers between 0 and 1, float64; the first rows are the same for any count."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, CODES + GROUNDS, generator=generator, dtype=torch.float64).clamp(1e-9, 1 - 1e-9)


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups says which tokens have one colour: twins and kin, and all cells of a region's row."""

    numbers: Tensor  # (n,) int64, the group of each token
    outside: Tensor  # (n,) bool, regions that are ground: their cells have colours, they have none
    cells: Tensor  # (n,) bool

    @classmethod
    def find(cls, seen: RegionFeatures, borders: NDArray[np.int64]) -> Groups:
        """Number the groups of a drawing's tokens; borders: (n, n), px that each two share (`count_borders`)."""
        count, more = len(seen.numbers), len(seen.homes)
        _, rows = np.unique(np.column_stack([seen.homes, seen.spots[:, 0]]), axis=0, return_inverse=True)
        numbers = np.concatenate([find_twins(seen, find_kin(seen, borders)), count + rows.ravel()]).astype(np.int64)
        outside = np.concatenate([seen.outside, np.zeros(more, bool)])
        return cls(torch.from_numpy(numbers), torch.from_numpy(outside), torch.arange(count + more) >= count)

    @cached_property
    def counts(self) -> Tensor:
        """Return how many tokens each group has, (groups, 1), at least 1."""
        return torch.bincount(self.numbers).clamp(min=1)[:, None]

    def pool(self, logits: Tensor) -> Tensor:
        """Return each token's logits (n, k) as the mean of its group's."""
        sums = torch.zeros(len(self.counts), logits.shape[1]).index_add(0, self.numbers, logits)
        return (sums / self.counts)[self.numbers]


@dataclass(frozen=True, eq=False)
class FirstLook:
    """FirstLook is what the network thinks of a drawing by several words while nothing is known yet."""

    chances: Tensor  # (k, n, CODES), each token's colours
    minds: Tensor  # (k, n, WIDTH), what it has in mind of each token

    @classmethod
    def take(
        cls, network: RegionColours, seen: RegionFeatures, tokens: Tensor, controlnet_conditioning_scale: float
    ) -> FirstLook:
        """Look by each of the words, (k, t, 384)."""
        minds = network.look(
            see_drawing(network, seen, controlnet_conditioning_scale),
            None,
            torch.full((1, len(seen.values)), CODES),
            torch.full((1,), GROUNDS),
            network.hear(tokens),
        )
        return cls(network.conclude(minds)[0].softmax(-1), minds[:, 1:])


def see_drawing(network: RegionColours, seen: RegionFeatures, controlnet_conditioning_scale: float) -> Sight:
    """Return what the network sees of a drawing; one that all states have in common."""
    return network.see_drawing(
        torch.from_numpy(seen.values)[None], torch.from_numpy(seen.whole)[None], controlnet_conditioning_scale
    )


@dataclass(frozen=True, eq=False)
class Question:
    """Question is one drawing and its words, as the network reads them."""

    network: RegionColours
    sight: Sight  # of the drawing
    heard: list[Heard]  # of h prompts; h is 2 with guidance: wanted, unwanted
    groups: Groups
    borders: NDArray[np.int64]  # (n, n) px that each two tokens share
    rows: NDArray[np.int64]  # (m,) the row of each cell
    behind: NDArray[np.bool_]  # (m,) cells of what lies behind everything
    codes: Float  # (CODES, 3) OKLab
    beside: Tensor  # (n, n) which regions are neighbours
    apart: Tensor  # (CODES, CODES) squared OKLab distances of the codes
    scale: Tensor  # (n, 1) guidance of the colours
    guidance_scale: float  # of the ground
    leant: dict[int, Tensor] = field(default_factory=dict)  # what `lean_on_ground` returned already, by the kind

    @classmethod
    def ask(
        cls,
        network: RegionColours,
        regions: NDArray[np.int32],
        seen: RegionFeatures,
        tokens: Tensor,
        guidance_scale: float,
        controlnet_conditioning_scale: float,
        alike: float = ALIKE,
    ) -> Question:
        """Prepare what is the same in every round; tokens: (h, t, 384). alike: see `find_neighbours`."""
        codes = to_oklab(network.codes.numpy())
        lab = torch.from_numpy(codes)
        borders = count_borders(regions, seen)
        groups = Groups.find(seen, borders)
        scale = torch.full((len(seen.values), 1), float(guidance_scale))
        scale[groups.cells] = min(float(guidance_scale), CELL_GUIDANCE)
        return cls(
            network,
            see_drawing(network, seen, controlnet_conditioning_scale),
            network.hear(tokens),
            groups,
            borders,
            seen.spots[:, 0].astype(np.int64) * GROUND_ROWS // ROWS,
            find_behind(regions, seen.homes),
            codes,
            find_neighbours(regions, seen, borders, alike),
            ((lab[:, None] - lab[None]) ** 2).sum(-1),
            scale,
            float(guidance_scale),
        )

    def answer(self, states: Sequence[State]) -> list[tuple[Tensor, Tensor]]:
        """Return for each state guided logits of the colours, (n, CODES), the same within a group, and of the ground,
        (GROUNDS,).
        """
        many = len(states)
        minds = self.network.look(
            self.sight,
            None,
            torch.stack([state.known for state in states]),
            torch.tensor([state.ground for state in states]),
            [(key.repeat(many, 1, 1, 1), value.repeat(many, 1, 1, 1)) for key, value in self.heard],
        )
        colours, grounds = self.network.conclude(minds)
        return [
            (
                self.groups.pool(colour[-1] + self.scale * (colour[0] - colour[-1])),
                ground[-1] + self.guidance_scale * (ground[0] - ground[-1]),
            )
            for colour, ground in zip(colours.chunk(many), grounds.chunk(many), strict=True)
        ]

    def lean_on_ground(self, state: State) -> Tensor:
        """Return what the kind of ground takes from each token's logits, (n, CODES); nothing while it is open."""
        if state.ground not in self.leant:
            made = torch.zeros(len(state.known), CODES)
            if state.ground < GROUNDS:
                ground = self.network.grounds[state.ground].numpy()
                leant = penalise_unlike_ground(self.codes, self.rows, ground) * self.behind[:, None]
                made[self.groups.cells] = torch.from_numpy(leant)
            self.leant[state.ground] = made
        return self.leant[state.ground]

    def expect_colours(self, logits: Tensor, state: State) -> Float:
        """Return each token's colour, (n, 3) RGB in [0, 1]: what is expected, and where a code is known, near it."""
        known, cells = state.known, self.groups.cells
        decided = known < CODES
        near = torch.ones(len(known), CODES)
        reach = torch.where(cells, CELL_NEAR, NEAR)[decided, None]
        near[decided] = (-self.apart[known[decided]] / (2 * reach**2)).exp()
        chances = logits.softmax(-1) * near + 1e-3 * (near > 0.99) * decided[:, None]
        colours = np.asarray((chances @ self.network.codes / chances.sum(-1, keepdim=True)).numpy(), np.float32)
        if state.ground < GROUNDS:
            ground = self.network.grounds[state.ground].numpy()
            colours[cells.numpy()] = snap_to_ground(colours[cells.numpy()], self.rows, ground)
        return colours


def find_neighbours(
    regions: NDArray[np.int32], seen: RegionFeatures, borders: NDArray[np.int64], alike: float = ALIKE
) -> Tensor:
    """Return which tokens are inner regions side by side and of unlike sizes, (n, n) float32 of 0 and 1.

    borders: (n, n), px of border that each two tokens share (`count_borders`). alike: of the larger one's area, from
    which on two have like sizes.
    """
    areas = np.bincount(regions.ravel())[seen.numbers].astype(np.float32)
    areas = np.concatenate([areas, np.ones(len(seen.homes), np.float32)])
    like = np.minimum(areas, areas[:, None]) >= alike * np.maximum(areas, areas[:, None])
    inner = np.concatenate([~seen.outside, np.zeros(len(seen.homes), bool)])
    beside = (borders >= RIM) & inner & inner[:, None]
    return torch.from_numpy((beside & ~like).astype(np.float32))


def push_apart(logits: Tensor, known: Tensor, beside: Tensor, apart: Tensor, push: float = PUSH) -> Tensor:
    """Return the logits with the colours that neighbours already have made less likely.

    beside: (n, n), apart: (CODES, CODES), as in Question. push: logits, at most.
    """
    decided = known < CODES
    taken = torch.zeros(len(known), CODES)
    taken[decided] = (-apart[known[decided]] / (2 * PUSHED**2)).exp()
    return logits - push * (beside @ taken).clamp(max=1)


def draw_codes(state: State, logits: Tensor, ground: Tensor, left: int, groups: Groups, taste: Taste) -> State:
    """Draw the kind of ground, then codes for a share of what is open, the surest first; all of it where 1 is left.

    The cells around wait for the round after the ground's.
    """
    open_ones = (state.known == CODES) & ~groups.outside
    if state.ground == GROUNDS:
        state = replace(state, ground=int((ground / GROUND_TEMPERATURE + taste.grounds).argmax()))
        if left > 1:
            open_ones &= ~groups.cells
    places = open_ones.nonzero().flatten()
    if not len(places):
        return state
    warmth = torch.where(groups.cells[places], CELL_TEMPERATURE, TEMPERATURE)[:, None]
    likely = logits[places] / warmth
    drawn = (likely + taste.codes).argmax(-1)
    sure = likely.softmax(-1).gather(1, drawn[:, None]).flatten()
    now = sure.argsort(descending=True)[: -(-len(places) // left)]
    known = state.known.clone()
    known[places[now]] = drawn[now]
    return replace(state, known=known)
