"""Captions in training are what the app's pipeline and search will see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.models.catalog import MINILM
from pipeline.models.locate import find_package_folder
from pipeline.pocket.train.text import encode_tokens, load_text_tower

pytestmark = pytest.mark.usefixtures("one_thread")
TEXTS = ["a red fox in a neon city", "", "two small owls and a house by the sea, painted in watercolor"]


@pytest.fixture(scope="module")
def text() -> tuple[Any, Any]:
    return load_text_tower()


def test_the_package_is_found_where_its_weights_are() -> None:
    assert {"model.safetensors", "config.json"} <= {file.name for file in find_package_folder(MINILM).iterdir()}


def test_tokens_are_what_diffusers_encodes(text, packaged_folder: Path) -> None:
    from tests.tools.diffusers_reference import load_diffusers_packaged

    pipeline = load_diffusers_packaged(packaged_folder)
    encoded = encode_tokens(TEXTS, *text, length=32)
    assert encoded.shape == (3, 32, 384) and encoded.dtype == np.float16
    for mine, words in zip(encoded, TEXTS, strict=True):
        theirs, _ = pipeline.encode_prompt(words, torch.device("cpu"), 1, False)
        np.testing.assert_allclose(mine, theirs[0].detach().numpy(), atol=2e-3, rtol=2e-3)


def test_pads_are_hidden_from_the_words_but_kept(text) -> None:
    tokenizer, tower = text
    words = tokenizer("a red fox", return_tensors="pt")
    with torch.inference_mode():
        alone = tower(**words)[0][0].numpy()
    padded = encode_tokens(["a red fox"], *text, length=32)[0].astype(np.float32)
    np.testing.assert_allclose(padded[: len(alone)], alone, atol=3e-3)
    assert np.abs(padded[len(alone) :]).max() > 0.1


def test_a_long_caption_is_cut_and_batches_do_not_matter(text) -> None:
    texts = [*TEXTS, "fox " * 100, "a cat"]
    together = encode_tokens(texts, *text, length=32).astype(np.float32)
    assert together.shape == (5, 32, 384)
    np.testing.assert_allclose(encode_tokens(texts, *text, length=32, batch=2).astype(np.float32), together, atol=3e-3)
    fits, cut = (encode_tokens(["fox " * count], *text, length=32)[0] for count in (30, 90))
    np.testing.assert_array_equal(fits, cut)
