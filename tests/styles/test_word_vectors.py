"""The words' vectors that come with Croquis: whole, of this tower, and never trusted when broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.styles.encoders import PocketEncoder
from pipeline.styles.library import StyleLibrary
from pipeline.styles.search import list_searched_texts
from pipeline.styles.word_vectors import read_word_vectors, write_word_vectors

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "assets" / "words.npz"


@pytest.fixture(scope="module")
def encoder() -> PocketEncoder:
    return PocketEncoder(ROOT / "assets" / "pocket" / "image_encoder")


def test_every_searched_text_is_there_and_near_the_towers_own(encoder: PocketEncoder, tmp_path: Path) -> None:
    texts = list_searched_texts(StyleLibrary(ROOT / "styles", tmp_path).all())
    known = read_word_vectors(WORDS, encoder.text_sha256)
    missing = [text for text in texts if text not in known]
    assert not missing, f"run python -m pipeline.styles: {missing[:3]}"
    some = texts[::97]
    assert np.abs(np.stack([known[text] for text in some]) - encoder.encode_text(some)).max() < 2e-3


def test_shipped_and_new_texts_keep_their_order(encoder: PocketEncoder) -> None:
    texts = ["a sentence nobody shipped", *list_searched_texts([])[:2], "another one"]
    quick = PocketEncoder(ROOT / "assets" / "pocket" / "image_encoder", words=WORDS)
    assert np.abs(quick.encode_text(texts) - encoder.encode_text(texts)).max() < 2e-3


def test_a_file_is_read_back_unless_it_is_another_towers_or_broken(tmp_path: Path) -> None:
    file = tmp_path / "words.npz"
    vectors = np.eye(3, dtype=np.float32)
    write_word_vectors(file, "tower", ["a", "b", "c"], vectors)
    assert np.array_equal(np.stack(list(read_word_vectors(file, "tower").values())), vectors)
    assert read_word_vectors(file, "other") == {} and read_word_vectors(tmp_path / "none.npz", "tower") == {}
    data = file.read_bytes()
    for broken in (data[: len(data) // 2], b"", b"no archive"):
        file.write_bytes(broken)
        assert read_word_vectors(file, "tower") == {}
    write_word_vectors(file, "tower", ["a", "b"], vectors)
    assert read_word_vectors(file, "tower") == {}
