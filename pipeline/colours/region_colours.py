"""A small network that proposes a colour for every region of a drawing, which the colourist then paints with.

Regions are tokens, read in region_features.py. They look at each other and at the words and palettes, and each
answers with one of CODES colours. Colours are drawn in a few rounds, the surest first, so that
later regions know the earlier ones (MaskGIT, Chang et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from pipeline.colours.hint import HINT, find_regions, shrink_lines
from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import WIDTH as TOKEN
from pipeline.colours.region_features import COLUMNS, FEATURES, ROWS, WIDE, read_features

CODES = 160  # colours
WIDTH, HEADS, LAYERS = 160, 5, 4
ROUNDS = 5
NEAR = 0.04  # OKLab: how far a colour settles from the code that was drawn
TEMPERATURE = 0.7
GUIDANCE = 2.0


class Layer(nn.Module):
    """Regions look at each other, then at the words; pre-normed."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.own = nn.Linear(WIDTH, 3 * WIDTH)
        self.own_out = nn.Linear(WIDTH, WIDTH)
        self.ask = nn.Linear(WIDTH, WIDTH)
        self.words = nn.Linear(WIDTH, 2 * WIDTH)
        self.words_out = nn.Linear(WIDTH, WIDTH)
        self.think = nn.Sequential(nn.Linear(WIDTH, 3 * WIDTH), nn.GELU(), nn.Linear(3 * WIDTH, WIDTH))

    def forward(self, x: Tensor, words: Tensor, there: Tensor) -> Tensor:
        query, key, value = (split_heads(part) for part in self.own(self.norms[0](x)).chunk(3, -1))
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=there[:, None, None])
        x = x + self.own_out(join_heads(seen))
        key, value = (split_heads(part) for part in self.words(words).chunk(2, -1))
        heard = functional.scaled_dot_product_attention(split_heads(self.ask(self.norms[1](x))), key, value)
        x = x + self.words_out(join_heads(heard))
        made: Tensor = x + self.think(self.norms[2](x))
        return made


def split_heads(x: Tensor) -> Tensor:
    return x.view(*x.shape[:2], HEADS, -1).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


class RegionColours(nn.Module):
    codes: Tensor  # (CODES, 3) RGB in [0, 1]

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(CODES, 3))
        self.see = nn.Linear(FEATURES, WIDTH)
        self.see_whole = nn.Linear(WIDE * WIDE, WIDTH)
        self.known = nn.Embedding(CODES + 1, WIDTH)  # the last: not known yet
        self.read = nn.Sequential(nn.Linear(TOKEN, WIDTH), nn.LayerNorm(WIDTH))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.answer = nn.Linear(WIDTH, CODES)

    def forward(self, features: Tensor, whole: Tensor, there: Tensor, known: Tensor, tokens: Tensor) -> Tensor:
        """Return logits (B, n, CODES).

        `features`: (B, n, FEATURES), `whole`: (B, 1024), `there`: (B, n) whether it is a region at all, `known`:
        (B, n) codes or CODES, `tokens`: (B, t, 384).
        """
        x = self.see(features) + self.known(known)
        x = torch.cat([self.see_whole(whole)[:, None], x], 1)
        seen = torch.cat([torch.ones_like(there[:, :1]), there], 1)
        words = self.read(tokens)
        for layer in self.layers:
            x = layer(x, words, seen)
        logits: Tensor = self.answer(self.norm(x[:, 1:]))
        return logits


def load_region_colours(file: Path) -> RegionColours:
    network = RegionColours()
    network.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    return network.eval()


@dataclass(frozen=True, eq=False)
class Proposal:
    """Colours for all of a drawing at the hint's size."""

    colours: NDArray[np.uint8]  # (256, 256, 3) RGB; soft where it runs off the picture
    proposed: NDArray[np.bool_]  # (256, 256) the inner regions


@torch.inference_mode()
def propose_colours(
    network: RegionColours,
    lines: NDArray[np.uint8],
    wanted: Tensor,
    unwanted: Tensor,
    seed: int,
    *,
    colours: NDArray[np.uint8] | None = None,
    painted: NDArray[np.bool_] | None = None,
    guidance: float = GUIDANCE,
    temperature: float = TEMPERATURE,
) -> Proposal:
    """Propose a colour for each region that does not run off the picture.

    `lines`: (H, W), white on black. `wanted`, `unwanted`: (1, t, 384) tokens of words and palettes. `colours` and
    `painted`: what the person painted, of the drawing's size; the regions' colours are chosen to go with it.
    """
    drawn = shrink_lines(lines)
    regions = find_regions(drawn)
    seen = read_features(drawn, regions)
    made = np.zeros((*regions.shape, 3), np.float32)
    if not drawn.any():
        return Proposal(made.astype(np.uint8), np.zeros(regions.shape, bool))
    given = mean_paint(regions, seen.numbers, colours, painted)
    given = np.concatenate([given, np.full((len(seen.homes), 3), np.nan, np.float32)])
    asked = Asked(torch.from_numpy(seen.values)[None], torch.from_numpy(seen.whole)[None], wanted, unwanted, guidance)
    chosen = choose_codes(network, asked, nearest_codes(network, given), seed, temperature)
    tones = settle_colours(network, asked, chosen)
    count = len(seen.numbers)
    for number, tone, outside in zip(seen.numbers, tones[:count], seen.outside, strict=True):
        if not outside:
            made[regions == number] = tone
    for number in np.unique(seen.homes):
        mine = seen.homes == number
        soft = paint_surroundings(tones[count:][mine], seen.spots[mine])
        made[regions == number] = soft[regions == number]
    inner = ~np.isin(regions, seen.numbers[seen.outside])
    return Proposal(np.round(255 * np.clip(made, 0, 1)).astype(np.uint8), inner & np.isin(regions, seen.numbers))


def paint_surroundings(tones: NDArray[np.float32], spots: NDArray[np.int32]) -> NDArray[np.float32]:
    """Cells' colours (m, 3) at their spots of the grid, run smoothly into each other, (HINT, HINT, 3)."""
    grid, share = np.zeros((ROWS, COLUMNS, 3), np.float32), np.zeros((ROWS, COLUMNS), np.float32)
    grid[spots[:, 0], spots[:, 1]], share[spots[:, 0], spots[:, 1]] = tones, 1
    for _ in range(ROWS + COLUMNS):  # cells that are hidden take their neighbours' colour
        blurred, weight = cv2.blur(grid * share[..., None], (3, 3)), cv2.blur(share, (3, 3))
        open_ones = (share == 0) & (weight > 1e-6)
        grid[open_ones] = blurred[open_ones] / weight[open_ones][:, None]
        share[open_ones] = 1
    smooth = cv2.GaussianBlur(grid, (3, 1), 0.8, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(smooth, (HINT, HINT), interpolation=cv2.INTER_LINEAR), np.float32)


def mean_paint(
    regions: NDArray[np.int32],
    numbers: NDArray[np.int32],
    colours: NDArray[np.uint8] | None,
    painted: NDArray[np.bool_] | None,
) -> NDArray[np.float32]:
    """The mean painted colour of each region that is painted by a tenth at least, (n, 3); NaN for the others."""
    made = np.full((len(numbers), 3), np.nan, np.float32)
    if colours is None or painted is None or not painted.any():
        return made
    size = regions.shape[::-1]
    share = cv2.resize(painted.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    paint = cv2.resize(colours * painted[..., None].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    for n, number in enumerate(numbers):
        inside = regions == number
        if share[inside].mean() > 0.1:
            made[n] = paint[inside].sum(0) / share[inside].sum() / 255
    return made


def nearest_codes(network: RegionColours, given: NDArray[np.float32]) -> Tensor:
    """(n,) codes, CODES where nothing is given."""
    wanted = torch.from_numpy(np.nan_to_num(given))
    codes = torch.cdist(wanted, network.codes).argmin(1)
    return torch.where(torch.from_numpy(np.isnan(given[:, 0])), torch.full_like(codes, CODES), codes)


@dataclass(frozen=True, eq=False)
class Asked:
    """One drawing and its words, as the network reads them."""

    features: Tensor  # (1, n, FEATURES)
    whole: Tensor  # (1, 1024)
    wanted: Tensor
    unwanted: Tensor
    guidance: float

    def answer(self, network: RegionColours, known: Tensor) -> Tensor:
        """Guided logits (n, CODES)."""
        there = torch.ones(self.features.shape[:2], dtype=torch.bool)
        logits: Tensor = network(self.features, self.whole, there, known[None], self.wanted)[0]
        if self.guidance != 1:
            blind = network(self.features, self.whole, there, known[None], self.unwanted)[0]
            logits = blind + self.guidance * (logits - blind)
        return logits


def choose_codes(network: RegionColours, asked: Asked, known: Tensor, seed: int, temperature: float) -> Tensor:
    """Draw a code for every token, (n,), the surest ones of each round first."""
    generator = torch.Generator().manual_seed(seed)
    for left in range(ROUNDS, 0, -1):
        open_ones = (known == CODES).nonzero().flatten()
        if not len(open_ones):
            break
        chances = (asked.answer(network, known)[open_ones] / temperature).softmax(-1)
        drawn = torch.multinomial(chances, 1, generator=generator).flatten()
        sure = chances.gather(1, drawn[:, None]).flatten()
        now = sure.argsort(descending=True)[: max(1, -(-len(open_ones) // left))]
        known = known.clone()
        known[open_ones[now]] = drawn[now]
    return known


def settle_colours(network: RegionColours, asked: Asked, chosen: Tensor) -> NDArray[np.float32]:
    """Each token's colour, (n, 3) in [0, 1]: what the network expects near the code that was drawn."""
    lab = torch.from_numpy(to_oklab(network.codes.numpy()))
    near = (-((lab[chosen][:, None] - lab[None]) ** 2).sum(-1) / (2 * NEAR**2)).exp()
    chances = asked.answer(network, chosen).softmax(-1) * near + 1e-3 * (near > 0.99)
    return np.asarray((chances @ network.codes / chances.sum(-1, keepdim=True)).numpy(), np.float32)
