"""Turn what is searched into vectors: each style's name and words, and the picture of a style that a person added."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import ModelError
from pipeline.styles.encoders import Encoder, Vectors
from pipeline.styles.index import StaleIndex, StyleIndex
from pipeline.styles.phrases import normalise
from pipeline.values import Style

log = logging.getLogger(__name__)

PICTURE = "picture:"  # starts a key of a picture, before its hash
BATCH = 256


@dataclass(frozen=True)
class Entry:
    """One vector to search. The same text in two styles is two entries."""

    style: str  # its id
    content: str  # normalised text, or PICTURE and the picture's sha256
    picture: Path | None = None

    @property
    def key(self) -> str:
        """The entry's name in an index: its style's id, a tab, its content."""
        return f"{self.style}\t{self.content}"


def is_picture_key(key: str) -> bool:
    """Return whether an entry's key is a picture's."""
    return key.partition("\t")[2].startswith(PICTURE)


def list_entries(style: Style) -> tuple[Entry, ...]:
    """Return entries of a style's name, its look and its words; of an added style its picture too."""
    look = style.template.replace("{prompt}", "").strip(" ,")
    texts = [style.name, look, *style.words] if style.builtin else [style.name, *style.words]
    entries = [Entry(style.id, text) for text in dict.fromkeys(normalise(text) for text in texts) if text]
    if not style.builtin:
        entries.append(Entry(style.id, PICTURE + style.sha256, style.image))
    return tuple(entries)


class VectorCache:
    """The vectors of entries, each computed once per encoder revision and kept in an index on disk."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder, self._folder = encoder, folder
        self._known: dict[str, NDArray[np.float32]] = {}

    def find_index(self, entries: Sequence[Entry], references: Callable[[], Sequence[Path]] = lambda: ()) -> StyleIndex:
        """Return an index of just these entries, from disk where it is there.

        `references` are built-in pictures, needed only where an entry is a picture: see `_move_among_words`.
        """
        loaded = self._load()
        wanted = tuple(entry.key for entry in entries)
        if loaded is not None and loaded.keys == wanted:
            return loaded
        if loaded is not None:
            self._known |= dict(zip(loaded.keys, loaded.vectors, strict=True))
        found = self._find(entries, references)
        index = StyleIndex.build(tuple(found), np.stack(list(found.values())))
        self._known = dict(found)
        self._save(index)
        return index

    def _find(
        self, entries: Sequence[Entry], references: Callable[[], Sequence[Path]]
    ) -> dict[str, NDArray[np.float32]]:
        new = [entry for entry in entries if entry.key not in self._known]
        texts = [entry for entry in new if entry.picture is None]
        vectors = _encode_in_batches(self._encoder.encode_text, [entry.content for entry in texts])
        made = dict(zip((entry.key for entry in texts), vectors, strict=True))
        made |= self._find_pictures([entry for entry in new if entry.picture is not None], made, references)
        both = self._known | made
        return {entry.key: both[entry.key] for entry in entries if entry.key in both}

    def _find_pictures(
        self,
        entries: Sequence[Entry],
        made: dict[str, NDArray[np.float32]],
        references: Callable[[], Sequence[Path]],
    ) -> dict[str, NDArray[np.float32]]:
        pictures = _open_pictures((entry.key, entry.picture) for entry in entries if entry.picture)
        if not pictures:
            return {}
        words = [vector for key, vector in (self._known | made).items() if not is_picture_key(key)]
        usual = _open_pictures((str(path), path) for path in references())
        try:
            common = self._encoder.encode_image(list(usual.values()))
            vectors = self._encoder.encode_image(list(pictures.values()))
        except ModelError as error:
            log.warning("Added styles are found by name and words only. %s", error)
            return {}
        return dict(zip(pictures, _move_among_words(vectors, common, np.stack(words)), strict=True))

    def _load(self) -> StyleIndex | None:
        try:
            return StyleIndex.load(self._folder, encoder=self._encoder.name, revision=self._encoder.revision)
        except StaleIndex as reason:
            log.info("%s It is built again.", reason)
            return None

    def _save(self, index: StyleIndex) -> None:
        """Keep the index on disk; where that fails, the search works all the same, and a warning is logged."""
        try:
            index.save(self._folder, encoder=self._encoder.name, revision=self._encoder.revision)
        except OSError as error:
            log.warning("The search index could not be kept in %s: %s", self._folder, error)


def _move_among_words(pictures: Vectors, usual: Vectors, words: Vectors) -> Vectors:
    """Move pictures' vectors (n, d) to where words' vectors lie.

    In a CLIP space pictures lie apart from words (Liang et al. 2022, "Mind the gap") and closer together. So what sets
    a picture apart from `usual` ones is laid around the words' middle, as far out as words are.
    """
    middle = words.mean(axis=0)
    radius = np.linalg.norm(words - middle, axis=1).mean()
    apart = pictures - usual.mean(axis=0)
    moved = middle + radius * apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
    unit: Vectors = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _encode_in_batches(encode: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> list[NDArray[np.float32]]:
    return [vector for start in range(0, len(texts), BATCH) for vector in encode(texts[start : start + BATCH])]


def _open_pictures(paths: Iterable[tuple[str, Path]]) -> dict[str, Image.Image]:
    """Open the pictures that can be read; the others are logged."""
    images = {}
    for key, path in paths:
        try:
            with Image.open(path) as image:
                images[key] = image.convert("RGB")
        except OSError as error:
            log.warning("%s is not searched by its look: %s", path, error)
    return images
