"""Gather what the history knows of a picture: from the picture as it was drawn, or from its file alone."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import PictureFileError
from pipeline.picture.png_file import KEYWORD, read_notes
from pipeline.values import GenerationResult

NAME_LIMIT = 200  # characters of a style's name
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Worn:
    """Worn is a style that a picture wears."""

    style: str  # its id
    name: str
    weight: float  # [0, 1]


@dataclass(frozen=True)
class Facts:
    """Facts holds what can be searched and shown of a picture without opening its file."""

    words: str
    negative_words: str
    styles: tuple[Worn, ...]  # heaviest first
    engine: str
    seed: int
    width: int  # px
    height: int  # px

    @property
    def search_text(self) -> str:
        """Return the words and the styles' names as the search compares them."""
        return normalise_text(" ".join([self.words, *(worn.name for worn in self.styles)]))


def gather_facts(result: GenerationResult) -> Facts:
    """Gather the facts of a picture that was just drawn."""
    request = result.request
    parts = sorted(request.styles.parts, key=lambda part: -part[1])
    return Facts(
        words=request.prompt.text,
        negative_words=request.negative_prompt.text,
        styles=tuple(Worn(style.id, style.name[:NAME_LIMIT], weight) for style, weight in parts),
        engine=request.engine,
        seed=request.sampling.seed,
        width=request.width,
        height=request.height,
    )


def read_facts(data: bytes, name_style: Callable[[str], str]) -> Facts:
    """Read the facts from a picture's file; `name_style` returns the name of a style's id.

    Raises PictureFileError where the file is no whole PNG with a recipe of ours.
    """
    note = read_notes(data, (KEYWORD,)).get(KEYWORD)
    if note is None:
        raise PictureFileError("This PNG carries no recipe of Croquis.")
    try:
        recipe = json.loads(note)
        return _take_facts(recipe, name_style)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PictureFileError("This picture's recipe cannot be read.") from error


def _take_facts(recipe: Mapping[str, Any], name_style: Callable[[str], str]) -> Facts:
    styles = sorted(recipe["styles"], key=lambda part: -float(part["weight"]))
    return Facts(
        words=str(recipe["prompt"]),
        negative_words=str(recipe["negative_prompt"]),
        styles=tuple(
            Worn(str(part["id"]), name_style(str(part["id"]))[:NAME_LIMIT], float(part["weight"])) for part in styles
        ),
        engine=str(recipe["engine"]),
        seed=int(recipe["seed"]),
        width=int(recipe["width"]),
        height=int(recipe["height"]),
    )


def normalise_text(text: str) -> str:
    """Return the text's words in small letters without accents, a space before each."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return "".join(f" {word}" for word in WORD.findall(plain.casefold()))
