"""Find which regions each colour word of a prompt means, and hold them to it.

What a word means is what changes when the word changes: the network is asked once more with another colour in its
place, and the regions whose answer follows are meant. So eyes, glass and leaf keep their own, and two words part the
regions between them. Only where the answers are weak is a word given the region that follows it most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.colours.named import NAMES, find_named_colour
from pipeline.colours.oklab import to_oklab

MOST = 3  # colour words of a prompt that are followed
ALSO: Mapping[str, str] = MappingProxyType({"golden": "gold", "scarlet": "crimson"})
OTHERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"white": ("black", "blue"), "black": ("white", "yellow"), "grey": ("red", "yellow"), "gray": ("red", "yellow")}
)
FAR = ("blue", "red", "green", "yellow")  # which colour stands in a word's place: the first that is far from it
APART = 0.25  # OKLab
WORD = re.compile(rf"\b(?:(?P<how>light|pale|bright|dark|deep) )?(?P<colour>{'|'.join([*NAMES, *ALSO])})\b", re.I)

LIKE = 0.09  # OKLab: a code so near to the word's colour has it
HELD, FREE = 0.05, 0.04  # OKLab: beyond FREE of the word's colour codes become unlikely by this deviation
FLOOR = 0.005  # of a chance, below which differences say nothing
FOLLOWS, HEEDS = 2.0, 0.7  # of an answer, in e-folds: it follows the word; it heeds it at all
YIELDS = 0.25  # the same for what fills up the thing's main colour
COVERED = 0.6  # of what is drawn that the main word covers at least, where one thing is spoken of


@dataclass(frozen=True, eq=False)
class SaidColour:
    """SaidColour is one colour word of a prompt, with the prompt that has another word in its place."""

    colour: NDArray[np.float32]  # (3,) OKLab
    other: NDArray[np.float32]  # (3,) OKLab
    changed: str  # the prompt with the other word


@dataclass(frozen=True, eq=False)
class Said:
    """Said holds the colour words of a prompt as the network hears them changed."""

    colours: tuple[SaidColour, ...]
    tokens: Tensor  # (words, t, 384), of each one's changed prompt
    is_one_thing: bool  # the prompt speaks of one thing


def find_said_colours(prompt: str) -> list[SaidColour]:
    """Find the colour words of a prompt, at most MOST, in its order."""
    found = []
    spoken = {match["colour"].lower() for match in WORD.finditer(prompt)}
    for match in list(WORD.finditer(prompt))[:MOST]:
        word = match["colour"].lower()
        name = ALSO.get(word, word)
        colour = find_named_colour(f"{match['how'] or ''} {name}")
        if colour is not None:
            other = choose_other(name, colour, spoken)
            changed = prompt[: match.start()] + other + prompt[match.end() :]
            found.append(SaidColour(colour, read_colour(other), changed))
    return found


def hear_said_colours(prompt: str, encode: Callable[[str], Tensor], is_one_thing: bool) -> Said | None:
    """Find a prompt's colour words and encode each one's changed prompt, (1, t, 384); None without any."""
    found = find_said_colours(prompt)
    return Said(tuple(found), torch.cat([encode(one.changed) for one in found]), is_one_thing) if found else None


def choose_other(name: str, colour: NDArray[np.float32], spoken: set[str]) -> str:
    """Choose a colour word far from this one that the prompt does not say yet."""
    every = [*OTHERS.get(name, ()), *FAR]
    far = [one for one in every if one not in spoken and np.linalg.norm(read_colour(one) - colour) > APART]
    return far[0] if far else every[0]


def read_colour(name: str) -> NDArray[np.float32]:
    """Return a named colour, (3,) OKLab."""
    return to_oklab(np.frombuffer(bytes.fromhex(NAMES[name][1:]), np.uint8))


def measure_follow(chances: Tensor, changed: Tensor, said: SaidColour, codes: NDArray[np.float32]) -> Tensor:
    """Return how much each answer follows a word, (n,) in e-folds.

    chances: (n, CODES) with the word, changed: with the other. codes: (CODES, 3) OKLab.
    """
    own, other = (torch.from_numpy(find_like(codes, colour)).float() for colour in (said.colour, said.other))
    kept = ((chances @ own + FLOOR) / (changed @ own + FLOOR)).log()
    turned = ((changed @ other + FLOOR) / (chances @ other + FLOOR)).log()
    return 0.5 * (kept + turned)


def find_like(codes: NDArray[np.float32], colour: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which codes (CODES, 3) OKLab have a colour: those near it, and those nearer to it than to other names."""
    named = np.stack([read_colour(name) for name in NAMES])
    apart = np.linalg.norm(codes - colour, axis=-1)
    nearest = np.linalg.norm(codes[:, None] - named[None], axis=-1).argmin(1)
    mine = int(np.linalg.norm(named - colour, axis=-1).argmin())
    return np.asarray((apart < LIKE) | (nearest == mine))


def share_regions(follow: Tensor, areas: Tensor, is_one_thing: bool) -> Tensor:
    """Return which word each region is held to, (n,) int64; -1 for none.

    follow: (words, n), -inf for what is no inner region. areas: (n,) px.
    """
    best, word = follow.max(0)
    held = torch.where(best >= FOLLOWS, word, torch.full_like(word, -1))
    for one, each in enumerate(follow):
        free = torch.where((held < 0) & (word == one), each, torch.full_like(each, -torch.inf))
        if not (held == one).any() and free.max() >= HEEDS:
            held[int(free.argmax())] = one
    if is_one_thing:
        cover_main_word(held, follow, areas)
    return held


def cover_main_word(held: Tensor, follow: Tensor, areas: Tensor) -> None:
    """Give the word that most of the drawing follows further regions, the most obedient first, until it covers it."""
    inner = torch.isfinite(follow[0])
    main = int((follow.clamp(min=0, max=FOLLOWS) * areas * inner).nan_to_num(0).sum(1).argmax())
    room = float(areas[inner & ((held < 0) | (held == main))].sum())
    covered = float(areas[held == main].sum())
    for place in follow[main].argsort(descending=True).tolist():
        if covered >= COVERED * room or follow[main, place] < YIELDS:
            return
        if held[place] < 0:
            held[place] = main
            covered += float(areas[place])


def hold_regions(held: Tensor, said: Sequence[SaidColour], codes: NDArray[np.float32]) -> Tensor:
    """Return what is added to each region's logits, (n, CODES): nothing near the word's colour, much against others."""
    made = torch.zeros(len(held), len(codes))
    for one, each in enumerate(said):
        apart = torch.from_numpy(np.linalg.norm(codes - each.colour, axis=-1)).float()
        apart = (apart - apart.min().clamp(min=FREE)).clamp(min=0)
        made[held == one] = -(apart**2) / (2 * HELD**2)
    return made
