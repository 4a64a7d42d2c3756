"""Load a text encoder that comes as a Python package; transformers alone is imported, not diffusers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.models.loading import guard_loading
from pipeline.models.locate import locate_text_encoder
from pipeline.models.profile import TextPackage

if TYPE_CHECKING:
    import torch


class TextParts(NamedTuple):
    """TextParts holds a text encoder and its tokenizer."""

    text_encoder: Any
    tokenizer: Any


def load_text_package(
    package: TextPackage, folder: Path | None = None, *, dtype: torch.dtype | None = None, device: str = "cpu"
) -> TextParts:
    """Load the package's text encoder, in float32 where no `dtype` is given, and its tokenizer.

    Raises ModelError where the package is not installed, or `folder`, which stands for it, does not hold its weights.
    """
    import torch
    import transformers

    place = locate_text_encoder(package, folder).path
    with guard_loading(place, transformers.utils.logging):
        text_encoder = transformers.AutoModel.from_pretrained(
            place, local_files_only=True, dtype=dtype or torch.float32
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, local_files_only=True)
    text_encoder.config.use_attention_mask = package.use_attention_mask
    tokenizer.model_max_length = package.model_max_length
    return TextParts(text_encoder.eval().to(device), tokenizer)
