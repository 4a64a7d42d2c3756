"""Put the vectors of textual inversions in the place of their names (Gal et al. 2022, arXiv:2208.01618).

Each vector becomes a token of its own in tokenizer and text encoder, named by a letter that nobody types; in a prompt
the letters stand where the inversion's name stood, with its weight.
"""

from __future__ import annotations

import pickle
import re
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from pipeline.errors import ModelError, quote_error
from pipeline.own_weights import Embedding
from pipeline.prompt_syntax import Prompt

FIRST_LETTER = 0x100000  # of Unicode's second plane for private use
BROKEN = (  # what the loaders raise over a broken or a forbidden file
    *(OSError, SafetensorError, RuntimeError, ValueError, KeyError),
    *(EOFError, AttributeError, IndexError, TypeError, pickle.UnpicklingError),
)
MOST_VECTORS = 75  # of one inversion: what one prompt of CLIP's holds


class TextualInversions:
    """TextualInversions adds inversions to one pipeline's words as they are asked for. Not safe for many threads."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._letters: dict[str, str] = {}  # hash -> the letters of its vectors, with spaces between them
        self._find_text_encoder = weakref.ref(pipeline.text_encoder)  # whose words they are; another model lets it go

    def put_into(self, prompt: Prompt, embeddings: Iterable[Embedding]) -> Prompt:
        """Return the prompt with each inversion's name replaced. Raises ModelError for one that does not fit."""
        text = prompt.text
        for each in sorted(embeddings, key=lambda each: -len(each.name)):
            text = find_name(each.name).sub(lambda _, each=each: self._add(each), text)  # type: ignore[misc]
        return prompt if text == prompt.text else Prompt(text, prompt.template)

    def name_again(self, words: str | None, embeddings: Iterable[Embedding]) -> str | None:
        """Return words for a person, with the inversions' names in place of their letters."""
        for each in embeddings if words else ():
            words = words and words.replace(self._letters.get(each.sha256, each.name), each.name)
        return words

    def _add(self, embedding: Embedding) -> str:
        text_encoder = self._pipeline.text_encoder
        if self._find_text_encoder() is not text_encoder:  # another model's words
            self._letters, self._find_text_encoder = {}, weakref.ref(text_encoder)
        if embedding.sha256 not in self._letters:
            vectors = read_vectors(embedding.file)
            used = sum(len(letters.split()) for letters in self._letters.values())
            letters = [chr(FIRST_LETTER + used + turn) for turn in range(len(vectors))]
            add_words(self._pipeline.tokenizer, text_encoder, letters, vectors, embedding.name)
            self._letters[embedding.sha256] = " ".join(letters)
        return self._letters[embedding.sha256]


def find_name(name: str) -> re.Pattern[str]:
    """Return what finds an inversion's name in a prompt, as a word of its own, capitals or not."""
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)


def read_vectors(file: Path) -> Tensor:
    """Read an inversion's vectors (n, width), fp32. A pickled file is read by torch's loader for weights alone, which
    runs no code. Raises ModelError for what holds none.
    """
    try:
        held = load_file(file) if file.suffix.lower() == ".safetensors" else torch.load(file, "cpu", weights_only=True)
    except BROKEN as error:
        raise ModelError(f"The textual inversion {file.name} cannot be read safely: {quote_error(error)}.") from error
    found = find_vectors(held)
    if found is None or not 1 <= len(found) <= MOST_VECTORS:
        raise ModelError(f"{file.name} holds no textual inversion that is known here.")
    return found


def find_vectors(held: Any) -> Tensor | None:
    """Find the vectors in a file's contents, as A1111 or diffusers keep them; None without any."""
    if isinstance(held, dict) and isinstance(held.get("string_to_param"), dict):
        held = held["string_to_param"]
    tensors = [each for each in held.values() if isinstance(each, Tensor)] if isinstance(held, dict) else []
    if isinstance(held, dict) and isinstance(held.get("emb_params"), Tensor):
        tensors = [held["emb_params"]]
    if len(tensors) != 1 or tensors[0].ndim not in (1, 2):
        return None
    vectors = tensors[0].detach().float()
    return vectors[None] if vectors.ndim == 1 else vectors


def add_words(tokenizer: Any, text_encoder: Any, letters: list[str], vectors: Tensor, name: str) -> None:
    """Add a word for each vector. Raises ModelError where they are of another width than the text encoder's words."""
    known = text_encoder.get_input_embeddings().weight
    if vectors.shape[1] != known.shape[1]:
        raise ModelError(
            f"The textual inversion “{name}” is for another model: its vectors have {vectors.shape[1]} numbers, and "
            f"this model's words {known.shape[1]}."
        )
    tokenizer.add_tokens(letters)
    ids = tokenizer.convert_tokens_to_ids(letters)
    with torch.inference_mode(False), torch.no_grad():
        if max(ids) >= len(known):
            text_encoder.resize_token_embeddings(max(ids) + 1, mean_resizing=False)
        weight = text_encoder.get_input_embeddings().weight
        weight.data[ids] = vectors.to(weight.device, weight.dtype)
        text_encoder.requires_grad_(False)
