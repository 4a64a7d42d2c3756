from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.styles.library import StyleLibrary
from pipeline.styles.vectors import PICTURE, Entry, VectorCache, list_entries
from tests.tools.bag_of_words_encoder import BagOfWordsEncoder
from tests.tools.style_folders import write_style

ENTRIES = [Entry("clay", "soft dough"), Entry("clay", "thumb prints"), Entry("ice", "soft dough")]


def test_what_of_a_style_is_searched(tmp_path: Path) -> None:
    write_style(tmp_path / "builtin", "clay", words=["Soft  Dough", "grey", "clay"], template="{prompt}, of clay")
    library = StyleLibrary(tmp_path / "builtin", tmp_path / "added")
    assert [entry.content for entry in list_entries(library.get("clay"))] == ["clay", "of clay", "soft dough", "gray"]
    added = library.add(Image.linear_gradient("L"), "Mine", "waxy")
    assert [entry.content for entry in list_entries(added)] == ["mine", "waxy", PICTURE + added.sha256]


def test_vectors_are_the_encoders_own(tmp_path: Path) -> None:
    encoder = BagOfWordsEncoder()
    index = VectorCache(encoder, tmp_path).find_index(ENTRIES)
    assert index.keys == tuple(entry.key for entry in ENTRIES)
    assert np.allclose(index.vectors, encoder.encode_text([entry.content for entry in ENTRIES]))


def test_nothing_is_read_twice(tmp_path: Path) -> None:
    VectorCache(BagOfWordsEncoder(), tmp_path).find_index(ENTRIES)
    encoder = BagOfWordsEncoder()
    cache = VectorCache(encoder, tmp_path)
    assert cache.find_index(ENTRIES).keys == tuple(entry.key for entry in ENTRIES)
    assert encoder.encoded_texts == []
    cache.find_index([*ENTRIES[1:], Entry("felt", "fuzzy wool")])  # one less, one more
    assert encoder.encoded_texts == ["fuzzy wool"]


def test_another_revision_is_read_anew(tmp_path: Path) -> None:
    VectorCache(BagOfWordsEncoder(), tmp_path).find_index(ENTRIES)
    encoder = BagOfWordsEncoder(revision="2")
    VectorCache(encoder, tmp_path).find_index(ENTRIES)
    assert len(encoder.encoded_texts) == 3


@pytest.mark.parametrize("name", ["manifest.json", "vectors.npy", "graph.bin"])
def test_a_broken_cache_is_built_again(tmp_path: Path, name: str) -> None:
    VectorCache(BagOfWordsEncoder(), tmp_path).find_index(ENTRIES)
    (tmp_path / name).write_bytes(b"broken")
    assert len(VectorCache(BagOfWordsEncoder(), tmp_path).find_index(ENTRIES)) == 3


def test_a_cache_that_cannot_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert len(VectorCache(BagOfWordsEncoder(), tmp_path / "file").find_index(ENTRIES)) == 3
    assert "could not be kept" in caplog.text


def picture(folder: Path, color: str) -> Path:
    path = folder / f"{color}.png"
    Image.new("RGB", (8, 8), color).save(path)
    return path


def test_a_picture_lies_among_the_words_for_it(tmp_path: Path) -> None:
    encoder = BagOfWordsEncoder()
    entries = [Entry("a", "crimson"), Entry("b", "emerald"), Entry("mine", PICTURE + "1", picture(tmp_path, "red"))]
    usual = [picture(tmp_path, color) for color in ("lime", "blue")]
    index = VectorCache(encoder, tmp_path / "cache").find_index(entries, lambda: usual)
    crimson, emerald = encoder.encode_text(["crimson", "emerald"])
    raw = encoder.encode_image([Image.new("RGB", (8, 8), "red")])[0]
    assert index.vectors[2] @ crimson > 0.6 > raw @ crimson > 0.3  # nearer than before the gap was crossed
    assert index.vectors[2] @ emerald < 0.3


def test_without_an_image_tower_words_are_searched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mine = Entry("mine", PICTURE + "1", picture(tmp_path, "red"))
    index = VectorCache(BagOfWordsEncoder(has_image_encoder=False), tmp_path / "cache").find_index(
        [*ENTRIES, mine], lambda: []
    )
    assert len(index) == 3 and "found by name and words only" in caplog.text


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entries = [
        *ENTRIES,
        Entry("mine", PICTURE + "1", tmp_path / "gone.webp"),
        Entry("other", PICTURE + "2", picture(tmp_path, "red")),
    ]
    index = VectorCache(BagOfWordsEncoder(), tmp_path / "cache").find_index(
        entries, lambda: [picture(tmp_path, "blue")]
    )
    assert [key.split("\t")[0] for key in index.keys] == ["clay", "clay", "ice", "other"]
    assert "gone.webp is not searched by its look" in caplog.text
