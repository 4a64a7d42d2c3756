"""What the network that proposes colours hears: the words of a prompt, then the palettes of the things it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pipeline.colours.palette import WIDTH, Palette, encode_palettes

TEXT_TOKENS = 24  # of a prompt; longer ones are cut, as in training


@torch.inference_mode()
def encode_words(prompt: str, tokenizer: Any, text_encoder: Any) -> Tensor:
    """Return MiniLM's last hidden states of a prompt, (1, TEXT_TOKENS, 384) float32.

    tokenizer, text_encoder: all-MiniLM-L6-v2 as transformers loads it. Padding is hidden from the encoder by its mask
    but kept in the answer, as in training.
    """
    words = tokenizer(prompt, padding="max_length", max_length=TEXT_TOKENS, truncation=True, return_tensors="pt")
    states: Tensor = text_encoder(words.input_ids, attention_mask=words.attention_mask)[0]
    return states.float()


def join_palettes(states: Tensor, palettes: Sequence[Palette]) -> Tensor:
    """Return the tokens that `propose_colours` takes, (1, TEXT_TOKENS + SLOTS * COLOURS, 384) float32.

    states: from `encode_words`, (1, TEXT_TOKENS, 384). palettes: of the things that the prompt names
    (`PaletteTable.find`) or that a person chose (`make_palette`), at most SLOTS; none for a negative prompt. Raises
    ValueError for states of another shape.
    """
    if states.shape != (1, TEXT_TOKENS, WIDTH):
        raise ValueError(f"Expected states of shape (1, {TEXT_TOKENS}, {WIDTH}), got {tuple(states.shape)}.")
    return torch.cat([states.float(), torch.from_numpy(encode_palettes(palettes))[None]], 1)
