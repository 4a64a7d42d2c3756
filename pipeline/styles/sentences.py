"""Encode sentences with all-MiniLM-L6-v2 through transformers alone; sentence-transformers takes seconds to import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import BertModel

MAX_LENGTH = 256  # tokens; the rest of a longer text is left out, as sentence-transformers does for this model


@torch.inference_mode()
def encode_sentences(
    texts: Sequence[str], tokenizer: Any, text_encoder: BertModel, batch: int = 32
) -> NDArray[np.float32]:
    """Encode texts as the mean of their words' last hidden states, (n, 384) float32 of length 1.

    tokenizer, text_encoder: all-MiniLM-L6-v2 as transformers loads it. Texts of like length share a batch of `batch`.
    Source: the usage of huggingface.co/sentence-transformers/all-MiniLM-L6-v2.
    """
    made = np.empty((len(texts), text_encoder.config.hidden_size), np.float32)
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    for start in range(0, len(texts), batch):
        numbers = order[start : start + batch]
        words = tokenizer(
            [texts[number] for number in numbers],
            padding=True,
            truncation=True,
            max_length=MAX_LENGTH,
            return_tensors="pt",
        ).to(text_encoder.device)
        states = text_encoder(words.input_ids, attention_mask=words.attention_mask)[0]
        mask = words.attention_mask[..., None]
        mean = (states * mask).sum(1) / mask.sum(1)
        made[numbers] = torch.nn.functional.normalize(mean, dim=-1).float().cpu().numpy()
    return made
