r"""Weights within a prompt: `(word:1.2)`, `((word))`, `[word]` and `\(`, the syntax of AUTOMATIC1111's web UI.

Round brackets weigh their words 1.1 times, or by the number behind a colon; square ones 1 / 1.1 times; they nest, and
weights multiply. A backslash before a bracket or a backslash makes it plain text. Read literally: a bracket without
its partner (so that `:(` stays a smile, where the web UI would weigh all that follows), and what stands behind a colon
and is no number. Numbers that no model can follow (nan, 1e9, below 0) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pipeline.errors import SettingError

PROMPT_LIMIT = 1_000  # characters
MOST_WEIGHT = 3.0  # beyond about 1.6 pictures of SD 1.5 begin to break; 0 leaves the words out
MOST_PLACES = 32  # weighted places in a prompt: each below 1 is one more run of the text encoder
ROUND, SQUARE = 1.1, 1 / 1.1
OPENER = {")": "(", "]": "["}

PIECE = re.compile(r"\\[\\()\[\]]|[()\[\]]|[^\\()\[\]]+|\\")
NUMBER = re.compile(
    r"(?P<words>.*):\s*(?P<number>[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?))\s*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Weighted:
    """Words of one weight."""

    text: str
    weight: float = 1.0  # [0, MOST_WEIGHT]


@dataclass(frozen=True)
class Prompt:
    """Words of a person with their weights, read once; every later stage takes what it needs from here.

    Raises SettingError for more than PROMPT_LIMIT characters, for half a surrogate pair, which no file can hold, and
    for weights that read_weights refuses.
    """

    text: str  # as typed, at most PROMPT_LIMIT characters
    template: str | None = None  # a style's, which holds "{prompt}" once; its own brackets are plain text
    parts: tuple[Weighted, ...] = field(init=False, repr=False, compare=False)  # with the template's words; at least 1

    def __post_init__(self) -> None:
        expect_length("A prompt", self.text)
        if any("\ud800" <= letter <= "\udfff" for letter in self.text):
            raise SettingError("A prompt is whole Unicode text; half of a surrogate pair came.")
        parts = read_weights(self.text)
        object.__setattr__(self, "parts", parts if self.template is None else _put_into(self.template, parts))

    def within(self, template: str) -> Prompt:
        """Return the same words in a style's template; spaces and commas at the ends of the whole go."""
        return replace(self, template=template)

    @property
    def written(self) -> str:
        """The whole in the syntax of weights, the template's brackets escaped."""
        if self.template is None:
            return self.text
        before, after = map(escape, self.template.split("{prompt}"))
        return f"{before}{self.text}{after}".strip(" ,")

    @property
    def words(self) -> str:
        """What it says, without brackets, weights and backslashes of the syntax."""
        return "".join(part.text for part in self.parts)


def expect_length(what: str, text: str) -> None:
    """Raise SettingError where `text` is longer than PROMPT_LIMIT; `what` names it in the message."""
    if len(text) > PROMPT_LIMIT:
        raise SettingError(f"{what} holds at most {PROMPT_LIMIT:,} characters; {len(text):,} came.")


@lru_cache(maxsize=256)
def read_weights(prompt: str) -> tuple[Weighted, ...]:
    """Split the prompt into parts of one weight each, in order; joined, their texts are what it says without syntax.

    Returns at least one part; neighbours differ in weight. Raises SettingError for a weight outside [0, MOST_WEIGHT]
    and for more than MOST_PLACES weighted places.
    """
    parts = _merged(_Reader().read(prompt))
    for part in parts:
        expect_weight(part.weight, f"{part.weight:.4g}", part.text)
    if sum(part.weight != 1 for part in parts) > MOST_PLACES:
        raise SettingError(
            f"A prompt holds at most {MOST_PLACES} weighted places; this one has more. "
            r"Brackets that are meant as such are written \( and \)."
        )
    return parts


def escape(text: str) -> str:
    """Return `text` with backslashes before its brackets, so that read_weights gives it back as it is."""
    return re.sub(r"[\\()\[\]]", r"\\\g<0>", text)


def expect_weight(weight: float, came: str, words: str) -> None:
    """Raise SettingError for a weight outside [0, MOST_WEIGHT], written as `came`, on `words`."""
    if not 0 <= weight <= MOST_WEIGHT:  # NaN lies nowhere
        raise SettingError(
            f"A weight in a prompt is a number from 0 to {MOST_WEIGHT:g}, as in (word:1.2); “{words.strip()[:40]}” has "
            rf"{came[:20]}. Brackets that are meant as such are written \( and \)."
        )


class _Reader:
    """One pass over a prompt. An opened bracket stands among the parts as text until its partner comes."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._weights: list[float] = []
        self._open: dict[str, list[int]] = {"(": [], "[": []}  # where in the lists each stands

    def read(self, prompt: str) -> list[Weighted]:
        for piece in PIECE.findall(prompt):
            if piece in self._open:
                self._open[piece].append(len(self._texts))
                self._add(piece)
            elif piece in OPENER and self._open[OPENER[piece]]:
                self._close(piece, self._open[OPENER[piece]].pop())
            else:
                self._say(piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece)
        return [Weighted(*part) for part in zip(self._texts, self._weights, strict=True)]

    def _add(self, text: str) -> None:
        self._texts.append(text)
        self._weights.append(1.0)

    def _say(self, text: str) -> None:
        """Plain text, in one part with the plain text before it, so that a weight is found behind an escape too."""
        if self._texts and self._weights[-1] == 1 and self._texts[-1] not in self._open:
            self._texts[-1] += text
        else:
            self._add(text)

    def _close(self, bracket: str, opened: int) -> None:
        self._texts[opened] = ""
        factor = self._number(opened) if bracket == ")" else SQUARE
        self._weights[opened:] = [weight * factor for weight in self._weights[opened:]]
        self._add("")  # what follows is a part of its own

    def _number(self, opened: int) -> float:
        """The weight behind the last colon, which goes; ROUND where none is."""
        found = NUMBER.fullmatch(self._texts[-1]) if len(self._texts) - 1 > opened else None
        if found is None:
            return ROUND
        weight = float(found["number"])
        expect_weight(weight, found["number"], found["words"])
        self._texts[-1] = found["words"]
        return weight


def _put_into(template: str, parts: tuple[Weighted, ...]) -> tuple[Weighted, ...]:
    """The parts between the template's plain words; spaces and commas go at ends that no bracket weighs."""
    before, after = template.split("{prompt}")
    merged = list(_merged([Weighted(before), *parts, Weighted(after)]))
    if merged[0].weight == 1:
        merged[0] = Weighted(merged[0].text.lstrip(" ,"))
    if merged[-1].weight == 1:
        merged[-1] = Weighted(merged[-1].text.rstrip(" ,"))
    return _merged(merged)


def _merged(parts: Iterable[Weighted]) -> tuple[Weighted, ...]:
    merged: list[Weighted] = []
    for part in parts:
        weight = round(part.weight, 6)  # ([word]) weighs 1
        if not part.text:
            continue
        if merged and merged[-1].weight == weight:
            merged[-1] = Weighted(merged[-1].text + part.text, weight)
        else:
            merged.append(Weighted(part.text, weight))
    return tuple(merged) or (Weighted(""),)
