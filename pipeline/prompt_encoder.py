"""Prompts as the tokens that the UNet reads, each prompt encoded once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor

REMEMBERED = 64  # prompts of (tokens, width) numbers: 15 MB for SD 1.5 in fp32


class PromptEncoder:
    """Prompt -> (1, tokens, width), exactly as diffusers' `encode_prompt` gives it, without its log of what you wrote.

    Safe to call from many threads.
    """

    def __init__(self, tokenizer: Any, text_encoder: Any) -> None:
        self._tokenizer, self._text_encoder = tokenizer, text_encoder
        self._known: OrderedDict[str, Tensor] = OrderedDict()
        self._lock = threading.Lock()  # a tokenizer refuses two threads at once

    @property
    def max_tokens(self) -> int:
        return int(self._tokenizer.model_max_length)

    def __call__(self, prompt: str) -> Tensor:
        with self._lock:
            if prompt not in self._known:
                self._known[prompt] = self._encode(prompt)
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            self._known.move_to_end(prompt)
            return self._known[prompt]

    @torch.inference_mode()
    def _encode(self, prompt: str) -> Tensor:
        read = self._tokenizer(
            prompt, padding="max_length", max_length=self.max_tokens, truncation=True, return_tensors="pt"
        ).to(self._text_encoder.device)
        masked = getattr(self._text_encoder.config, "use_attention_mask", False)
        encoded: Tensor = self._text_encoder(read.input_ids, attention_mask=read.attention_mask if masked else None)[0]
        return encoded.to(self._text_encoder.dtype)

    def notice(self, prompt: str) -> str | None:
        """What to tell a person whose prompt is longer than the model reads; None when it reads it all."""
        with self._lock:
            spans = self._tokenizer(prompt, return_offsets_mapping=True, verbose=False)["offset_mapping"]
        if len(spans) <= self.max_tokens:
            return None
        last_read = spans[self.max_tokens - 2]  # the last of the kept tokens is the end mark
        words, read = prompt.split(), prompt[: last_read[1]].split()
        whole = len(read) if read and read[-1] == words[len(read) - 1] else len(read) - 1
        return (
            f"The model reads the first {whole} of these {len(words)} words; what comes after "
            f"“{' '.join(words[max(whole - 3, 0) : whole])}” is left out."
        )
