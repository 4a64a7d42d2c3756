"""Estimate how likely it is that words mean a style, from how near they lie to it and where in the prompt they stand.

A similarity alone does not tell: "a piece of chalk" lies as near to the chalkboard as "a cup in chalk". So a logistic
regression weighs the similarities and the piece's place. It was fitted by tests/tools/fit_likelihood.py on the prompts
of tests/data that are not held out and name no style outright.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from pipeline.styles.phrases import CLAUSE_ENDS, CRAFTS, EMPTY, HINGES, WORD, normalise

NAMED_OUTRIGHT = 0.97  # of the styles that lexicon.py finds in prompts of the tuning set, the share that is right
FOUND_FROM = 0.4  # the probability from which a style counts as found: to miss one costs more than to imagine one
LOOK_HINGES = frozenset(["in", "as", "like", "by", "from"])
LONG = 4  # words from which a piece counts as long

WEIGHTS = (1.81, 2.54, 0.69, -1.63, 0.95, 0.63, 1.6, 1.16, -1.69, 1.53, 3.33)  # of the fields of Evidence
BIAS = -4.91


@dataclass(frozen=True)
class Evidence:
    """What speaks for a style: numbers from 0 to 1, similarities from -1 to 1."""

    score: float  # the style's similarity with the prompt
    gain: float  # how much nearer the best piece is to the style than to plain things
    nearness: float  # the best piece's cosine with the style's words
    to_things: float  # the best piece's cosine with plain things
    behind_look: bool  # "in chalk", "like Degas"
    crafted: bool  # "carved ...", "drawn ..."
    later_clause: bool  # behind a comma
    before_of: bool  # "a mosaic of a dolphin"
    is_whole: bool  # the piece is the whole first clause
    at_end: bool  # nothing follows it in its clause
    length: float  # in words, 1 for LONG and more


def gather_evidence(
    prompt: str, piece: str, *, score: float, gain: float, nearness: float, to_things: float
) -> Evidence:
    """Return the evidence for a style whose best piece of the prompt is `piece`, as split_prompt made it."""
    number, before, after, is_whole = _place(prompt, piece)
    words = piece.split()
    return Evidence(
        score,
        gain,
        nearness,
        to_things,
        behind_look=before in LOOK_HINGES,
        crafted=before in CRAFTS or (words[:1] != [] and words[0] in CRAFTS),
        later_clause=number > 0,
        before_of=after == "of",
        is_whole=is_whole,
        at_end=after is None,
        length=min(len(words), LONG) / LONG,
    )


def estimate(evidence: Evidence) -> float:
    """Return the probability, 0 to 1, that the prompt means the style."""
    total = BIAS + math.fsum(weight * value for weight, value in zip(WEIGHTS, astuple(evidence), strict=True))
    return 1 / (1 + math.exp(-total))


def _place(prompt: str, piece: str) -> tuple[int, str | None, str | None, bool]:
    """Return the number of the piece's clause, the words before and behind it, and whether it is all of the first."""
    wanted = piece.split()
    clauses = [words for clause in CLAUSE_ENDS.split(normalise(prompt)) if (words := WORD.findall(clause))]
    for number, words in enumerate(clauses):
        for start in range(len(words) - len(wanted) + 1):
            if words[start : start + len(wanted)] == wanted:
                return _surroundings(number, words, start, start + len(wanted))
    return 0, None, None, True


def _surroundings(number: int, words: list[str], start: int, end: int) -> tuple[int, str | None, str | None, bool]:
    first = start
    while first and words[first - 1] in EMPTY - HINGES:
        first -= 1
    before = words[first - 1] if first else None
    after = words[end] if end < len(words) else None
    return number, before, after, number == 0 and before is None and after is None
