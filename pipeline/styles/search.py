"""Find the styles that a prompt asks for.

What is searched is the look, not the subject. So the prompt is read in pieces (phrases.py), and of each piece we ask
how much nearer it is to a style's words than to plain things: "a stone bridge" is about a bridge, "carved in stone" is
not. Measured in tests/styles/test_search.py.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.prompt_syntax import Prompt
from pipeline.styles.encoders import Encoder
from pipeline.styles.index import StyleIndex
from pipeline.styles.library import StyleLibrary
from pipeline.styles.phrases import normalise, split_prompt
from pipeline.styles.vectors import Entry, VectorCache, is_picture_key, list_entries
from pipeline.values import Style, StyleMatch, StyleMix

THINGS = Path(__file__).with_name("plain_things.txt")  # what prompts are about, one a line
NEIGHBOURS = 64  # vectors asked for per piece; a style beyond them counts as far
MOST_MATCHES = 100

# Chosen on the two thirds of tests/data/style_prompts.json that are not held out.
WHOLE_SHARE = 0.5  # of the score that the whole prompt gives; its best piece gives the rest
THING_SHARE = 0.9  # of a piece's nearness to plain things that is held against it
A_THING_FROM = 0.97  # nearness from which a piece is a plain thing itself ("ice" in "an ice cream") and says nothing
ASKED_FROM = 0.1  # similarity above which a prompt asks for a style
SECOND_FROM = 0.35  # similarity from which a second style is mixed in, when other words ask for it
SECOND_WEIGHT = 0.4
PICTURE_GAIN = 1.6  # the small image tower's cosines with the right words stay low; from 1.8 it finds what is not there

DEFAULT_MIX = (("ghibli", 0.6), ("watercolor", 0.4))  # friendly to any subject


@dataclass(frozen=True)
class Finding:
    """What a search found."""

    matches: tuple[StyleMatch, ...]  # best first; empty for an empty prompt
    asks_for_style: bool  # the prompt does; if not, the page says that a default is used
    pieces: tuple[str, ...] = ()  # for each match the piece of the prompt that speaks for it most


def read_plain_things() -> list[Entry]:
    """Return an entry for each line of plain_things.txt, what prompts are about."""
    lines = THINGS.read_text(encoding="utf-8").splitlines()
    return [Entry("", text) for text in dict.fromkeys(normalise(line) for line in lines) if text]


def list_searched_texts(styles: Iterable[Style]) -> list[str]:
    """Return every text, once, whose vector a search of these styles needs."""
    entries = [*read_plain_things(), *(entry for style in styles for entry in list_entries(style))]
    return sorted({entry.content for entry in entries if entry.picture is None})


class StyleSearch:
    """The search of one library. It sees styles added or removed meanwhile, and is safe to use from many threads."""

    def __init__(self, library: StyleLibrary, encoder: Encoder, cache_dir: Path) -> None:
        self._library, self._encoder = library, encoder
        self._cache = VectorCache(encoder, cache_dir / "styles")
        self._things = VectorCache(encoder, cache_dir / "things").find_index(read_plain_things())
        self._lock = threading.Lock()
        self._shelf = self._arrange(library.all())

    @property
    def encoder(self) -> str:
        """The name of the encoder that reads words here."""
        return self._encoder.name

    def find(self, prompt: Prompt, k: int = 5) -> Finding:
        """Find the `k` styles, 1 to MOST_MATCHES, nearest to what the prompt says; its weights do not count."""
        shelf = self._current_shelf()
        said = split_prompt(prompt.words, shelf.names)
        if not said[0]:
            return Finding((), asks_for_style=False)
        vectors = self._encoder.encode_text(said)
        return shelf.find(said, vectors, self._measure_nearness_to_things(vectors), k)

    def choose_mix(self, finding: Finding) -> StyleMix:
        """Choose the style found, two when the prompt asks for two, a default when it asks for none."""
        if not finding.asks_for_style:
            return self._make_default_mix(finding)
        first = finding.matches[0].style
        second = next((match.style for match in _find_further(finding)), None)
        if second is None:
            return StyleMix.of(first)
        return StyleMix(((first, 1 - SECOND_WEIGHT), (second, SECOND_WEIGHT)))

    def _make_default_mix(self, finding: Finding) -> StyleMix:
        there = {style.id: style for style in self._library.all()}
        parts = [(there[id], weight) for id, weight in DEFAULT_MIX if id in there]
        if not parts:
            return StyleMix.of(finding.matches[0].style if finding.matches else self._library.all()[0])
        total = sum(weight for _, weight in parts)
        return StyleMix(tuple((style, weight / total) for style, weight in parts))

    def _measure_nearness_to_things(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each piece's cosine similarity with the nearest plain thing, (pieces, 1)."""
        return self._things.find_nearest(vectors, 1)[1]

    def _current_shelf(self) -> _Shelf:
        styles = self._library.all()
        with self._lock:
            if styles is not self._shelf.styles:
                self._shelf = self._arrange(styles)
            return self._shelf

    def _arrange(self, styles: tuple[Style, ...]) -> _Shelf:
        entries = [entry for style in styles for entry in list_entries(style)]
        index = self._cache.find_index(entries, lambda: [style.image for style in styles if style.builtin])
        return _Shelf(styles, index)


class _Shelf:
    """The styles of one moment, with their index."""

    def __init__(self, styles: tuple[Style, ...], index: StyleIndex) -> None:
        self.styles = styles
        self.names: Mapping[str, Style] = {normalise(style.name): style for style in styles}
        self._index = index
        places = {style.id: place for place, style in enumerate(styles)}
        self._place = np.array([places[key.split("\t")[0]] for key in index.keys])  # of each vector's style
        self._pictures = np.flatnonzero([is_picture_key(key) for key in index.keys])  # their rows

    def find(self, said: tuple[str, ...], vectors: NDArray[np.float32], things: NDArray[np.float32], k: int) -> Finding:
        gains = self._measure_gains(vectors, things)
        scores = WHOLE_SHARE * gains[0] + (1 - WHOLE_SHARE) * gains.max(axis=0)
        best = np.argsort(-scores, kind="stable")[:k]
        matches = tuple(StyleMatch(self.styles[place], float(scores[place])) for place in best)
        pieces = tuple(said[gains[:, place].argmax()] for place in best)
        return Finding(matches, matches[0].similarity > ASKED_FROM, pieces)

    def _measure_gains(self, vectors: NDArray[np.float32], things: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (pieces, styles): 1 where a piece is a style's own words, 0 where plain things are about as near."""
        similarities = self._measure_similarities(vectors)
        against = THING_SHARE * np.clip(things, 0, 1)
        most = np.where(things >= A_THING_FROM, 0, 1)
        gains: NDArray[np.float32] = np.clip((similarities - against) / (1 - against), -1, most)
        return gains

    def _measure_similarities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (pieces, styles), the cosine of each style's nearest vector; beyond the neighbours the farthest's."""
        rows, cosines = self._index.find_nearest(vectors, NEIGHBOURS)
        result = np.repeat(cosines[:, -1:], len(self.styles), axis=1)
        piece = np.arange(len(rows))[:, None]
        np.maximum.at(result, (piece, self._place[rows]), cosines)
        seen = np.clip(PICTURE_GAIN * vectors @ self._index.vectors[self._pictures].T, -1, 1)
        np.maximum.at(result, (piece, self._place[self._pictures][None, :]), seen)
        return result


def _find_further(finding: Finding) -> list[StyleMatch]:
    """Return further matches that are asked for by words of their own: "watercolour and ink"."""
    own = set(finding.pieces[0].split())
    pairs = zip(finding.matches[1:], finding.pieces[1:], strict=True)
    return [match for match, words in pairs if match.similarity >= SECOND_FROM and not own & set(words.split())]
