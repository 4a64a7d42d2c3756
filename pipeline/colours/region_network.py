"""The network that says which colour each region of a drawing has: regions are tokens that hear words and palettes.

Regions and cells of what lies around (region_features.py) look at each other and at the words, and each answers with
one of CODES colours. One more token stands for the whole drawing; it answers with one of GROUNDS kinds of ground, which
the cells then agree on.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from pipeline.colours.palette import WIDTH as TOKEN
from pipeline.colours.region_features import FEATURES, WIDE

CODES = 160  # colours
GROUNDS = 64  # kinds of ground
GROUND_ROWS = 12  # colours, from the top down, that describe a kind of ground
WIDTH, HEADS, LAYERS = 160, 5, 4

Heard = tuple[Tensor, Tensor]  # keys and values of words, each (B, HEADS, t, WIDTH / HEADS)
Sight = tuple[Tensor, Tensor]  # what is seen of regions, (B, n, WIDTH), and of the whole drawing, (B, WIDTH)


class Layer(nn.Module):
    """Let regions look at each other, then at the words; pre-normed."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.own = nn.Linear(WIDTH, 3 * WIDTH)
        self.own_out = nn.Linear(WIDTH, WIDTH)
        self.ask = nn.Linear(WIDTH, WIDTH)
        self.words = nn.Linear(WIDTH, 2 * WIDTH)
        self.words_out = nn.Linear(WIDTH, WIDTH)
        self.think = nn.Sequential(nn.Linear(WIDTH, 3 * WIDTH), nn.GELU(), nn.Linear(3 * WIDTH, WIDTH))

    def hear(self, words: Tensor) -> Heard:
        """Return the keys and values of words, (B, t, WIDTH)."""
        key, value = (split_heads(part) for part in self.words(words).chunk(2, -1))
        return key, value

    def forward(self, x: Tensor, heard: Heard, there: Tensor | None) -> Tensor:
        """Return (P, n, WIDTH) of x, (B, n, WIDTH), and P prompts: P / B of them in turn are heard by each of x."""
        query, key, value = (split_heads(part) for part in self.own(self.norms[0](x)).chunk(3, -1))
        mask = None if there is None else there[:, None, None]
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + self.own_out(join_heads(seen))
        asked = self.ask(self.norms[1](x))
        if len(heard[0]) > len(x):  # up to here it is the same whatever is heard
            each = len(heard[0]) // len(x)
            x, asked = x.repeat_interleave(each, 0), asked.repeat_interleave(each, 0)
        said = functional.scaled_dot_product_attention(split_heads(asked), *heard)
        x = x + self.words_out(join_heads(said))
        made: Tensor = x + self.think(self.norms[2](x))
        return made


def split_heads(x: Tensor) -> Tensor:
    """Split (B, n, WIDTH) into (B, HEADS, n, WIDTH / HEADS)."""
    return x.view(*x.shape[:2], HEADS, -1).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """Join what split_heads split."""
    return x.transpose(1, 2).flatten(2)


class RegionColours(nn.Module):
    """RegionColours proposes colours for regions, as a masked discrete diffusion model (MaskGIT, Chang et al. 2022)."""

    codes: Tensor  # (CODES, 3) RGB in [0, 1], the colours that it chooses from
    grounds: Tensor  # (GROUNDS, GROUND_ROWS, 3) OKLab, what each kind of ground looks like from the top down

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(CODES, 3))
        self.register_buffer("grounds", torch.zeros(GROUNDS, GROUND_ROWS, 3))
        self.see = nn.Linear(FEATURES, WIDTH)
        self.see_whole = nn.Linear(WIDE * WIDE, WIDTH)
        self.known = nn.Embedding(CODES + 1, WIDTH)  # the last: not known yet
        self.known_ground = nn.Embedding(GROUNDS + 1, WIDTH)
        nn.init.normal_(self.known_ground.weight, std=0.1)
        self.read = nn.Sequential(nn.Linear(TOKEN, WIDTH), nn.LayerNorm(WIDTH))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.answer = nn.Linear(WIDTH, CODES)
        self.answer_ground = nn.Linear(WIDTH, GROUNDS)

    def hear(self, tokens: Tensor) -> list[Heard]:
        """Return what each layer hears of tokens, (B, t, 384) float32 (pipeline/colours/words.py): the same in every
        round.
        """
        words = self.read(tokens)
        return [layer.hear(words) for layer in self.layers]  # type: ignore[operator]

    def forward(
        self,
        features: Tensor,
        whole: Tensor,
        there: Tensor | None,
        known: Tensor,
        known_ground: Tensor,
        heard: list[Heard],
        controlnet_conditioning_scale: float = 1.0,
    ) -> tuple[Tensor, Tensor]:
        """Return the logits of the colours, (B, n, CODES), and of the kinds of ground, (B, GROUNDS).

        It takes what `see_drawing` and `look` take.
        """
        sight = self.see_drawing(features, whole, controlnet_conditioning_scale)
        return self.conclude(self.look(sight, there, known, known_ground, heard))

    def see_drawing(self, features: Tensor, whole: Tensor, controlnet_conditioning_scale: float = 1.0) -> Sight:
        """Return what is seen of a drawing, the same in every round.

        features: (B, n, FEATURES) float32. whole: (B, WIDE * WIDE) float32; one drawing that all have in common is seen
        once, then both have a B of 1. controlnet_conditioning_scale: what the drawing's shapes count, from 0 (they are
        not seen; so trained in a tenth of the lessons) over 1 upwards.
        """
        scale = controlnet_conditioning_scale
        return self.see(scale * features), self.see_whole(scale * whole)

    def conclude(self, minds: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of the colours and of the kinds of ground from what `look` returned."""
        return self.answer(minds[:, 1:]), self.answer_ground(minds[:, 0])

    def look(
        self, sight: Sight, there: Tensor | None, known: Tensor, known_ground: Tensor, heard: list[Heard]
    ) -> Tensor:
        """Return what it has in mind of the whole drawing and of each region, (P, 1 + n, WIDTH).

        sight: as `see_drawing` returns it. there: (B, n) bool, whether it is a region at all; None where all are.
        known: (B, n) int64, codes, or CODES where a colour is not known yet; known_ground: (B,) the same with GROUNDS.
        heard: the words of P prompts, as `hear` returns them; of each B the next P / B are heard.
        """
        x = sight[0] + self.known(known)
        first = sight[1] + self.known_ground(known_ground)
        x = torch.cat([first[:, None], x], 1)
        seen = None if there is None else torch.cat([torch.ones_like(there[:, :1]), there], 1)
        for layer, words in zip(self.layers, heard, strict=True):
            x = layer(x, words, seen)
        minds: Tensor = self.norm(x)
        return minds


def load_region_colours(file: Path) -> RegionColours:
    """Load the network from safetensors of any float type, for inference in fp32.

    Raises RuntimeError where tensors are missing, strange or of other shapes.
    """
    network = RegionColours()
    network.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    return network.eval()
