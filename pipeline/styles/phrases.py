"""Split a prompt into the pieces that may name a style: its look stands behind the subject or before it."""

from __future__ import annotations

import re
from collections.abc import Container

WHOLE_LIMIT = 32  # words of a prompt read in one piece
PIECE_LIMIT = 12  # pieces, so that one batch stays within some tens of milliseconds
PIECE_WORDS = 10  # words of one piece
NAME_WORDS = 5  # words of the longest style name looked for


def _split_words(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Where the look may begin: everything behind such a word, to the end of its clause, is a piece.
HINGES = _split_words("in on as like with by from of under at à through after into")
# Ways to make a picture belong to the piece that they begin: "carved in ice" is a look, "ice" is a thing.
CRAFTS = _split_words(
    "made painted drawn carved built printed cut sewn burnt burned engraved etched modeled molded sculpted "
    "stitched embroidered woven chiseled hewn welded folded photographed filmed sketched rendered lit frozen"
)
EMPTY = _split_words(
    "a an the in on as like with by from of at à la to into and or is are was my his her our their its it this "
    "that some very one two three"
)
AMERICAN = {
    "colour": "color",
    "coloured": "colored",
    "colourful": "colorful",
    "grey": "gray",
    "moulded": "molded",
    "modelled": "modeled",
    "modelling": "modeling",
    "watercolour": "watercolor",
    "woollen": "woolen",
    "centre": "center",
    "aluminium": "aluminum",
    "jewellery": "jewelry",
    "chiselled": "chiseled",
    "draughtsman": "draftsman",
}
CLAUSE_ENDS = re.compile(r"[,;:.!?()\[\]|/\n]+|\s[-–—]+\s")
WORD = re.compile(r"[\w'’&-]+")


def normalise(text: str) -> str:
    """Return text in lower case and American spelling, with one space between words."""
    return re.sub(r"[a-z]+", lambda found: _spell_american(found.group()), " ".join(text.lower().split()))


def split_prompt(prompt: str, names: Container[str] = ()) -> tuple[str, ...]:
    """Return the whole prompt, then the names in it, then the parts that may say how it looks; at most PIECE_LIMIT.

    `names` are normalised style names. No two pieces are alike; an empty prompt gives one empty piece.
    """
    text = normalise(prompt)
    whole = " ".join(text.split()[:WHOLE_LIMIT])
    clauses = [words for clause in CLAUSE_ENDS.split(text) if (words := WORD.findall(clause))]
    named = [name for words in clauses for name in _find_names(words, names)]
    parts = [" ".join(part[:PIECE_WORDS]) for words in clauses for part in _split_clause(words) if part]
    return tuple(dict.fromkeys([whole, *named, *parts]))[:PIECE_LIMIT]


def _spell_american(word: str) -> str:
    stem, plural = (word[:-1], "s") if word.endswith("s") else (word, "")
    return AMERICAN.get(stem, stem) + plural


def _find_names(words: list[str], names: Container[str]) -> list[str]:
    runs = (
        " ".join(words[start : start + length]) for start in range(len(words)) for length in range(1, NAME_WORDS + 1)
    )
    return [run for run in runs if run in names]


def _split_clause(clause: list[str]) -> list[list[str]]:
    """Return a clause, its tails behind a hinge, and what stands before its first noun ("a felt fox": felt)."""
    starts = [n + (word in HINGES) for n, word in enumerate(clause) if word in HINGES or word in CRAFTS]
    tails = [_trim(clause[n:]) for n in starts]
    head = _trim(clause[: starts[0] - (clause[starts[0] - 1] in HINGES)] if starts else clause)
    return [_trim(clause), *tails, head, head[:-1], head[:1]]


def _trim(words: list[str]) -> list[str]:
    while words and words[0] in EMPTY:
        words = words[1:]
    while words and words[-1] in EMPTY:
        words = words[:-1]
    return words
