"""Say how the styles of a picture were chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.styles.lexicon import UNKNOWN
from pipeline.values import StyleMatch, StyleMix

if TYPE_CHECKING:
    from pipeline.styles.search import Finding

NO_STYLE_NAMED = "Your words name no style, so Croquis chose one for you."


@dataclass(frozen=True)
class StyleChoice:
    """StyleChoice holds the styles chosen for a picture, and why."""

    mix: StyleMix
    matches: tuple[StyleMatch, ...] = ()  # best first; empty when the person chose
    notices: tuple[str, ...] = ()  # in words for the page


def explain_choice(finding: Finding) -> tuple[str, ...]:
    """Return what a person has to know of how the style was chosen."""
    if finding.language is None:
        return () if finding.asks_for_style else (NO_STYLE_NAMED,)
    if finding.asks_for_style:
        return (explain_language(finding.language, "their style was found, but the rest is not"),)
    return (explain_language(finding.language, "they are not"), NO_STYLE_NAMED)


def explain_language(language: str, what: str) -> str:
    """Say that words of another language are understood in part only."""
    like = "like " if language == UNKNOWN else ""
    return f"Your words look {like}{language}; {what} understood. Write English."
