"""Encode captions as diffusers and the engine encode a prompt: MiniLM's last hidden states, padded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertModel

from pipeline.models.catalog import MINILM
from pipeline.models.text_package import load_text_package


def load_text_tower(device: str = "cpu") -> tuple[Any, BertModel]:
    """Load MiniLM's tokenizer and model from their package. Raises ModelError."""
    tower, tokenizer = load_text_package(MINILM, device=device)
    return tokenizer, tower


@torch.inference_mode()
def encode_tokens(
    texts: Sequence[str], tokenizer: Any, tower: BertModel, *, length: int, batch: int = 128
) -> NDArray[np.float16]:
    """Encode texts as (N, length, 384): pads hidden from BERT by its mask, but kept, as diffusers keeps them."""
    made = []
    for start in range(0, len(texts), batch):
        words = tokenizer(
            list(texts[start : start + batch]),
            padding="max_length",
            max_length=length,
            truncation=True,
            return_tensors="pt",
        ).to(tower.device)
        states = tower(words.input_ids, attention_mask=words.attention_mask)[0]
        made.append(states.half().cpu().numpy())
    return np.concatenate(made)
