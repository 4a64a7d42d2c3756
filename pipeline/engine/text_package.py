"""Load a text encoder that comes as a Python package; transformers alone is imported, not diffusers."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import transformers

from pipeline.models.locate import locate_text_encoder
from pipeline.models.profile import TextPackage


class TextParts(NamedTuple):
    """TextParts holds a text encoder and its tokenizer."""

    text_encoder: Any
    tokenizer: Any


def load_text_package(package: TextPackage, dtype: torch.dtype) -> TextParts:
    """Load the package's text encoder, on the CPU, and its tokenizer. Raises ModelError where it is not installed."""
    folder = locate_text_encoder(package).path
    text_encoder = transformers.AutoModel.from_pretrained(folder, local_files_only=True, dtype=dtype)
    text_encoder.config.use_attention_mask = package.use_attention_mask
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer.model_max_length = package.model_max_length
    return TextParts(text_encoder, tokenizer)
