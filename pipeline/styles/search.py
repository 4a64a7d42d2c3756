"""Find the styles that a prompt asks for.

What is searched is the look, not the subject. So the prompt is read in pieces (phrases.py), and of each piece we ask
how much nearer it is to a style's words than to plain things: "a stone bridge" is about a bridge, "carved in stone" is
not. Measured in tests/styles/test_search.py.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.prompt_syntax import Prompt
from pipeline.styles.encoders import Encoder
from pipeline.styles.index import StyleIndex
from pipeline.styles.lexicon import Reading, fold, read_names
from pipeline.styles.library import StyleLibrary
from pipeline.styles.likelihood import FOUND_FROM, NAMED_OUTRIGHT, estimate, gather_evidence
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
REFUSED_FROM = 0.5  # how much nearer refused words are to a style than to plain things, so that they refuse it
SECOND_FROM = 0.35  # similarity from which a second style is mixed in, when other words ask for it
SECOND_WEIGHT = 0.4
LATER = 0.01  # what each further style named outright stands behind the one before
PICTURE_GAIN = 1.6  # the small image tower's cosines with the right words stay low; from 1.8 it finds what is not there

NOTHING_NAMED = Reading()
DEFAULT_MIX = (("ghibli", 0.6), ("watercolor", 0.4))  # friendly to any subject


@dataclass(frozen=True)
class Finding:
    """What a search found."""

    matches: tuple[StyleMatch, ...]  # best first; empty for an empty prompt
    asks_for_style: bool  # the prompt does; if not, the page says that a default is used
    pieces: tuple[str, ...] = ()  # for each match the piece of the prompt that speaks for it most
    language: str | None = None  # the prompt's, by its English name, where it is another than English
    outright: frozenset[str] = frozenset()  # ids of the styles that it names in so many words
    refused: frozenset[str] = frozenset()  # ids of the styles that it does not want


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
        read_names("")  # compiles the phrases of all languages, 0.4 s, before the first prompt waits for them
        self._shelf = self._arrange(library.all())

    @property
    def encoder(self) -> str:
        """The name of the encoder that reads words here."""
        return self._encoder.name

    def find(self, prompt: Prompt, k: int = 5) -> Finding:
        """Find the `k` styles, 1 to MOST_MATCHES, nearest to what the prompt says.

        Words of weight 0 choose nothing; other weights do not count. Styles that the prompt refuses come last.
        """
        shelf = self._current_shelf()
        wanted = "".join(part.text for part in prompt.parts if part.weight > 0)
        unwanted = tuple(part.text for part in prompt.parts if part.weight == 0 and part.text.strip())
        reading = read_names(wanted, shelf.vocabulary)
        refused = self._find_refused(shelf, reading, unwanted)
        said = split_prompt(reading.wanted if reading.language is None else wanted, shelf.names)
        if not said[0]:
            return Finding((), asks_for_style=False, refused=refused)
        vectors = self._encoder.encode_text(said)
        return shelf.find(said, vectors, self._measure_nearness_to_things(vectors), k, reading, refused)

    def _find_refused(self, shelf: _Shelf, reading: Reading, unwanted: tuple[str, ...]) -> frozenset[str]:
        """Return ids of the styles that refused words, or words of weight 0, name."""
        named = {id for words in unwanted for id in read_names(words, shelf.vocabulary).styles}
        pieces = [words for words in map(normalise, (*reading.refused_words, *unwanted)) if words]
        found = {id for words in reading.refused_words for id in read_names(words, shelf.vocabulary).styles}
        if pieces:
            vectors = self._encoder.encode_text(pieces)
            found |= shelf.find_named(vectors, self._measure_nearness_to_things(vectors))
        return frozenset(found | named | set(reading.refused))

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
        there = {style.id: style for style in self._library.all() if style.id not in finding.refused}
        parts = [(there[id], weight) for id, weight in DEFAULT_MIX if id in there]
        if not parts:
            allowed = (style for style in self._library.all() if style.id not in finding.refused)
            return StyleMix.of(finding.matches[0].style if finding.matches else next(allowed, self._library.all()[0]))
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
        self.vocabulary = _list_vocabulary(styles)
        self._index = index
        places = {style.id: place for place, style in enumerate(styles)}
        self._place = np.array([places[key.split("\t")[0]] for key in index.keys])  # of each vector's style
        self._pictures = np.flatnonzero([is_picture_key(key) for key in index.keys])  # their rows

    def find(
        self,
        said: tuple[str, ...],
        vectors: NDArray[np.float32],
        things: NDArray[np.float32],
        k: int,
        reading: Reading = NOTHING_NAMED,
        refused: frozenset[str] = frozenset(),
    ) -> Finding:
        """Return the best `k` styles for the pieces of a prompt, `vectors` (pieces, d) and `things` (pieces, 1)."""
        similarities = self._measure_similarities(vectors)
        gains = self._measure_gains(similarities, things)
        scores = self._score(gains, reading, refused)
        unwanted = np.array([style.id in refused for style in self.styles])
        best = np.lexsort((-scores, unwanted))[:k]
        matches, pieces = [], []
        for place in best:
            style, row = self.styles[place], int(gains[:, place].argmax())
            numbers = [float(each[row, at]) for each, at in ((gains, place), (similarities, place), (things, 0))]
            chance = self._estimate(style, said, row, float(scores[place]), numbers, reading, refused)
            matches.append(StyleMatch(style, float(scores[place]), chance))
            pieces.append(said[row])
        asks, outright = matches[0].probability >= FOUND_FROM, frozenset(reading.styles)
        return Finding(tuple(matches), asks, tuple(pieces), reading.language, outright, refused)

    def find_named(self, vectors: NDArray[np.float32], things: NDArray[np.float32]) -> set[str]:
        """Return ids of the styles that any of the pieces names clearly."""
        gains = self._measure_gains(self._measure_similarities(vectors), things)
        return {self.styles[place].id for place in np.flatnonzero(gains.max(axis=0) >= REFUSED_FROM)}

    def _score(self, gains: NDArray[np.float32], reading: Reading, refused: frozenset[str]) -> NDArray[np.float32]:
        """Return each style's similarity: named outright it counts as if the whole prompt said it; refused it is -1."""
        scores: NDArray[np.float32] = WHOLE_SHARE * gains[0] + (1 - WHOLE_SHARE) * gains.max(axis=0)
        for place, style in enumerate(self.styles):
            if style.id in refused:
                scores[place] = -1
            elif style.id in reading.styles:
                rank = reading.styles.index(style.id)
                best = 1.0 if reading.language else max(float(gains[:, place].max()), 0.0)
                scores[place] = max(scores[place], WHOLE_SHARE + (1 - WHOLE_SHARE) * best - LATER * rank)
        return scores

    def _estimate(
        self,
        style: Style,
        said: tuple[str, ...],
        row: int,
        score: float,
        numbers: list[float],
        reading: Reading,
        refused: frozenset[str],
    ) -> float:
        """Return how likely the prompt means this style; `numbers` are gain, nearness and nearness to things."""
        if style.id in refused:
            return 0.0
        if style.id in reading.styles:
            return NAMED_OUTRIGHT
        if reading.language is not None and style.builtin:
            return 0.0  # the encoder does not know these words: what it finds is noise
        gain, nearness, to_things = numbers
        return estimate(
            gather_evidence(said[0], said[row], score=score, gain=gain, nearness=nearness, to_things=to_things)
        )

    @staticmethod
    def _measure_gains(similarities: NDArray[np.float32], things: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (pieces, styles): 1 where a piece is a style's own words, 0 where plain things are about as near."""
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


def _list_vocabulary(styles: tuple[Style, ...]) -> frozenset[str]:
    """Return every word of the built-in styles and of plain things, all of them English."""
    own = (entry for style in styles if style.builtin for entry in list_entries(style))
    texts = [entry.content for entry in (*read_plain_things(), *own)]
    return frozenset(word for text in texts for word in re.findall(r"\w+", fold(text)))


def _find_further(finding: Finding) -> list[StyleMatch]:
    """Return further matches that are asked for by words of their own: "watercolour and ink"."""
    own = set(finding.pieces[0].split())
    likely = [match.probability >= FOUND_FROM and match.similarity >= SECOND_FROM for match in finding.matches]
    return [
        match
        for match, words, is_likely in list(zip(finding.matches, finding.pieces, likely, strict=True))[1:]
        if match.style.id in finding.outright or (is_likely and not own & set(words.split()))
    ]
