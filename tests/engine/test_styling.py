"""The painter of a request's styles: colours that words name show in every style that keeps colours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.engine import styling
from pipeline.engine.styling import Asked, StylePainter
from pipeline.inking.lines import lay_lines
from pipeline.painters import open_source
from pipeline.painters.source import Source
from pipeline.styles.library import StyleLibrary
from pipeline.values import Painting, StyleMix

SIDE = 128
NOWHERE = np.zeros((SIDE, SIDE), np.bool_)
ORANGE = (240, 138, 44)


def make_painting() -> Painting:
    colours, regions = np.full((SIDE, SIDE, 3), 235, np.uint8), np.zeros((SIDE, SIDE), np.int32)
    cv2.circle(colours, (64, 64), 40, ORANGE, -1)
    cv2.circle(regions, (64, 64), 40, 1, -1)
    lines = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(lines, (64, 64), 40, 255, 2)
    return Painting(colours, lines, regions)


def measure_chroma(style_id: str, words: str) -> float:
    """How colourful the disc's middle is in a style."""
    styles = StyleMix.of(StyleLibrary(Path("styles"), Path("nowhere")).get(style_id))
    painter = StylePainter(make_painting(), 0.5, 3, Asked.read(words, NOWHERE))
    picture = np.asarray(painter.paint(styles, 1.0), np.float32) / 255
    _, a, b = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[44:84, 44:84].mean(axis=(0, 1))
    return float(np.hypot(a, b))


def test_a_colour_word_shows_in_a_style_that_dims_colours() -> None:
    assert measure_chroma("chalkboard", "an orange ball") > 1.3 * measure_chroma("chalkboard", "a ball")


def test_a_style_of_one_colour_stays_so() -> None:
    assert measure_chroma("engraving", "an orange ball") == measure_chroma("engraving", "a ball")


def test_all_colour_words_of_a_prompt_are_read() -> None:
    assert len(Asked.read("A white teapot with a Blue flower", NOWHERE).named) == 2


def test_without_lines_a_persons_own_picture_lays_none_either() -> None:
    own = replace(StyleLibrary(Path("styles"), Path("nowhere")).get("watercolor"), id="mine", builtin=False)
    painting = make_painting()
    blank = Painting(painting.colours, np.zeros_like(painting.lines), painting.regions)
    drawn, unlined = (np.asarray(StylePainter(each, 0.0, 3).paint(StyleMix.of(own), 1.0)) for each in (painting, blank))
    assert np.array_equal(drawn, unlined)


def test_styles_of_one_painting_share_what_is_read_of_it_and_the_plain_picture_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, plain = list[Painting](), list[Painting]()

    def note_opening(painting: Painting) -> Source:
        opened.append(painting)
        return open_source(painting)

    def note_lines(picture: np.ndarray, painting: Painting, strength: float) -> np.ndarray:
        plain.append(painting)
        return lay_lines(picture, painting, strength)

    monkeypatch.setattr(styling, "open_source", note_opening)
    monkeypatch.setattr(styling, "lay_lines", note_lines)
    library = StyleLibrary(Path("styles"), Path("nowhere"))
    one, other = (library.get(name) for name in ("chalkboard", "watercolor"))
    painter = StylePainter(make_painting(), 0.5, 3, Asked.read("an orange ball", NOWHERE))
    whole = np.asarray(painter.paint(StyleMix.of(one), 1.0))
    assert len(opened) == 1 and not plain
    mixed = np.asarray(painter.paint(StyleMix(((one, 0.5), (other, 0.5))), 1.0))
    assert len(opened) == 1 and len(plain) == 1 and not np.array_equal(mixed, whole)
    alone = StylePainter(make_painting(), 0.5, 3, Asked.read("an orange ball", NOWHERE))
    both = [np.asarray(alone.paint(StyleMix.of(style), 1.0), np.float32) for style in (one, other)]
    assert np.abs(mixed - sum(both) / 2).max() <= 0.5
