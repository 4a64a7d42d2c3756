"""Part what an English prompt wants from what it refuses: "a fox, not watercolor", "oil instead of ink"."""

from __future__ import annotations

import re

from pipeline.styles.phrases import CLAUSE_ENDS, CRAFTS, EMPTY, HINGES, normalise

REFUSALS = re.compile(
    r"(?<![\w'])(?:(?:please )?(?:do not|don't|dont)(?: (?:use|want|make it|draw it|draw|paint it|do))?"
    r"|not(?! (?:only|just|too|very|so|yet|sure|far|long))|no(?! (?:longer|more than|matter|one|\d|style(?! of)))"
    r"|without(?! any style(?! of))|instead of"
    r"|in place of|rather than|other than|anything but|everything but|nothing like|except(?: for)?|excluding"
    r"|avoid(?:ing)?|never|isn't|is not|minus|free of|far from|neither|nor)(?![\w'-])"
)
SKIPPED = EMPTY | HINGES | CRAFTS | frozenset(["any", "style", "look", "kind", "sort", "use", "using", "all", "please"])
ENDS = HINGES | frozenset(
    [
        "but",
        "use",
        "using",
        "make",
        "rather",
        "instead",
        "please",
        "just",
        "only",
        "paint",
        "draw",
        "i",
        "we",
        "he",
        "she",
        "they",
    ]
)
JOINTS = re.compile(r"\s(?:and|or|nor|&)\s")


def split_refused(prompt: str) -> tuple[str, tuple[str, ...]]:
    """Return the prompt without what it refuses, and the words refused, a piece for each thing.

    A refusal reaches over the words that follow it, up to the end of their clause, a "but", or a hinge: of "a fox
    without a hat in watercolor" the hat alone is refused. A prompt that refuses nothing comes back as it is.
    """
    if REFUSALS.search(normalise(prompt)) is None:
        return prompt, ()
    text = normalise(prompt)
    wanted: list[str] = []
    refused: list[str] = []
    start = 0
    for end in [*(found.span() for found in CLAUSE_ENDS.finditer(text)), (len(text), len(text))]:
        kept, pieces = _split_clause(text[start : end[0]])
        wanted.append(kept + text[end[0] : end[1]])
        refused.extend(pieces)
        start = end[1]
    return "".join(wanted), tuple(dict.fromkeys(piece for piece in refused if piece))


def _split_clause(clause: str) -> tuple[str, list[str]]:
    kept = ""
    refused: list[str] = []
    while found := REFUSALS.search(clause):
        kept += clause[: found.start()]
        object_, clause = _take_object(clause[found.end() :])
        refused.extend(_bare(piece) for piece in JOINTS.split(object_))
    return kept + clause, refused


def _take_object(behind: str) -> tuple[str, str]:
    """Return the words that a refusal reaches over, and what stands after them."""
    words = behind.split()
    first = next((n for n, word in enumerate(words) if word not in SKIPPED), len(words))
    last = next((n for n in range(first, len(words)) if words[n] in ENDS or REFUSALS.fullmatch(words[n])), len(words))
    return " ".join(words[first:last]), " " + " ".join(words[last:])


def _bare(piece: str) -> str:
    """Return a piece without the words around its name: "the watercolor style" refuses "watercolor"."""
    words = piece.split()
    while words and words[0] in SKIPPED:
        words.pop(0)
    while words and words[-1] in SKIPPED:
        words.pop()
    return " ".join(words)
