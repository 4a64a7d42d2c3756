"""Find the colour words of a prompt and what is said to have each colour, and hold regions to them.

What a word means is what changes when the word changes: the network is asked once more with another colour in its
place, and how far each region's answer follows is measured. With the words for what has the colour, word_regions.py
tells the regions meant. So eyes, glass and leaf keep their own, and two words part the regions between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
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
FREED = 0.5, 0.8  # the probability that no word means a region, from which its colours are let go, and wholly so
FLOOR = 0.005  # of a chance, below which differences say nothing
END = re.compile(  # what the words for a thing end at
    r"[,.;:!?()]|\b(?:and|with|in|on|of|at|under|over|by|near|next|behind|beside|before|from|that|which|whose|is|are|has"
    r"|have|having|wearing|holding)\b",
    re.I,
)
LINK = re.compile(r"(?:[\s.,:]|\b(?:is|are|in|painted|colou?red|all|mostly)\b)+$", re.I)  # "a roof in red"
PICTURE = re.compile(r"\b(?:pictures?|drawings?|paintings?|sketch|image|photo) of\b", re.I)
SMALL = re.compile(r"\b(?:a|an|the|its|his|her|their|two|three|four|some)\b", re.I)


@dataclass(frozen=True, eq=False)
class SaidColour:
    """SaidColour is one colour word of a prompt, with the prompt that has another word in its place."""

    colour: NDArray[np.float32]  # (3,) OKLab
    other: NDArray[np.float32]  # (3,) OKLab
    changed: str  # the prompt with the other word
    phrase: str  # what is said to have the colour: "roof" of "a house with a red roof"
    is_whole: bool = False  # it opens the prompt, and so tells of all of the thing: "a red house"


@dataclass(frozen=True, eq=False)
class Said:
    """Said holds the colour words of a prompt as the network hears them changed."""

    colours: tuple[SaidColour, ...]
    tokens: Tensor  # (words, t, 384), of each one's changed prompt
    phrases: NDArray[np.float32]  # (words, 384) of length 1, of each one's phrase


def find_said_colours(prompt: str) -> list[SaidColour]:
    """Find the colour words of a prompt, at most MOST, in its order."""
    found = []
    matches = list(WORD.finditer(prompt))[:MOST]
    spoken = {match["colour"].lower() for match in WORD.finditer(prompt)}
    for match, phrase in zip(matches, find_phrases(prompt, matches), strict=True):
        word = match["colour"].lower()
        name = ALSO.get(word, word)
        colour = find_named_colour(f"{match['how'] or ''} {name}")
        if colour is not None:
            other = choose_other(name, colour, spoken)
            changed = prompt[: match.start()] + other + prompt[match.end() :]
            is_whole = not drop_small_words(PICTURE.sub(" ", prompt[: match.start()]))
            found.append(SaidColour(colour, read_colour(other), changed, phrase, is_whole))
    return found


def find_phrases(prompt: str, matches: Sequence[re.Match[str]]) -> list[str]:
    """Find what is said to have each colour: what stands behind the word ("red roof"), or before ("a roof in red").

    "red and white ball" says of both what it says of the last; where nothing is named, all of the prompt is.
    """
    phrases: list[str] = []
    for match in reversed(matches):
        behind = END.split(WORD.split(prompt[match.end() :], maxsplit=1)[0], maxsplit=1)[0]
        before = END.split(WORD.sub(",", LINK.sub("", prompt[: match.start()])))[-1]
        named = (drop_small_words(behind), drop_small_words(before), *phrases[-1:], drop_small_words(prompt))
        phrases.append(next((one for one in named if one), ""))
    return phrases[::-1]


def drop_small_words(words: str) -> str:
    """Return words without articles, small numbers and space that is not needed."""
    return " ".join(SMALL.sub(" ", words).split())


def hear_said_colours(
    prompt: str, encode: Callable[[str], Tensor], encode_sentences: Callable[[Sequence[str]], NDArray[np.float32]]
) -> Said | None:
    """Find a prompt's colour words and encode each one's changed prompt and its phrase; None without any.

    encode: returns (1, t, 384). encode_sentences: returns (n, 384) of length 1.
    """
    found = find_said_colours(prompt)
    if not found:
        return None
    changed = torch.cat([encode(one.changed) for one in found])
    return Said(tuple(found), changed, encode_sentences([one.phrase for one in found]))


def choose_other(name: str, colour: NDArray[np.float32], spoken: set[str]) -> str:
    """Choose a colour word far from this one that the prompt does not say yet."""
    every = [*OTHERS.get(name, ()), *FAR]
    far = [one for one in every if one not in spoken and np.linalg.norm(read_colour(one) - colour) > APART]
    return far[0] if far else every[0]


def read_colour(name: str) -> NDArray[np.float32]:
    """Return a named colour, (3,) OKLab."""
    return to_oklab(np.frombuffer(bytes.fromhex(NAMES[name][1:]), np.uint8))


@cache
def read_all_colours() -> NDArray[np.float32]:
    """Return all named colours, (n, 3) OKLab."""
    return np.stack([read_colour(name) for name in NAMES])


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
    named = read_all_colours()
    apart = np.linalg.norm(codes - colour, axis=-1)
    nearest = np.linalg.norm(codes[:, None] - named[None], axis=-1).argmin(1)
    mine = int(np.linalg.norm(named - colour, axis=-1).argmin())
    return np.asarray((apart < LIKE) | (nearest == mine))


def hold_regions(held: Tensor, said: Sequence[SaidColour], codes: NDArray[np.float32]) -> Tensor:
    """Return what is added to each region's logits, (n, CODES): nothing near the word's colour, much against others."""
    made = torch.zeros(len(held), len(codes))
    for one, each in enumerate(said):
        apart = torch.from_numpy(np.linalg.norm(codes - each.colour, axis=-1)).float()
        apart = (apart - apart.min().clamp(min=FREE)).clamp(min=0)
        made[held == one] = -(apart**2) / (2 * HELD**2)
    return made


def free_regions(
    unmeant: Tensor, chances: Tensor, changed: Sequence[Tensor], said: Sequence[SaidColour], codes: NDArray[np.float32]
) -> Tensor:
    """Return what is added to logits, (n, CODES), so that no word colours a region that none means.

    There the word's colour is as likely as without the word, the more so the surer it is. unmeant: (n,) in [0, 1], how
    surely no word means each. chances: (n, CODES) with the words, changed: the same by each one's changed prompt.
    """
    made = torch.zeros(len(unmeant), len(codes))
    surely = ((unmeant - FREED[0]) / (FREED[1] - FREED[0])).clamp(0, 1)
    for each, other in zip(said, changed, strict=True):
        own = torch.from_numpy(find_like(codes, each.colour)).float()
        less = ((other @ own + FLOOR) / (chances @ own + FLOOR)).log().clamp(max=0)
        made += (surely * less)[:, None] * own
    return made
