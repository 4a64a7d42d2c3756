"""Prompts as the tokens that the UNet reads, each prompt encoded once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pipeline.prompt_syntax import Prompt, Weighted

REMEMBERED = 64  # prompts' worth of (tokens, width) numbers: 15 MB for SD 1.5 in fp32
MOST_CHUNKS = 8  # of a long prompt: 600 of CLIP's tokens, more than the page's limit of characters usually makes


class PromptEncoder:
    """Prompt -> (1, tokens, width), with the weights of pipeline/prompt_syntax.py.

    A prompt without weights that the model reads in one piece comes out exactly as diffusers' `encode_prompt` gives
    it, without its log of what you wrote. Tokens are a multiple of max_tokens: a text encoder that marks beginning and
    end, as CLIP's does, reads longer prompts in chunks. Safe to call from many threads.
    """

    def __init__(self, tokenizer: Any, text_encoder: Any) -> None:
        self._tokenizer, self._text_encoder = tokenizer, text_encoder
        self._known: OrderedDict[tuple[Weighted, ...], Tensor] = OrderedDict()  # by a prompt's parts
        self._lock = threading.RLock()  # a tokenizer refuses two threads at once

    @property
    def max_tokens(self) -> int:
        """Of one chunk, its two marks included."""
        return int(self._tokenizer.model_max_length)

    @property
    def most_tokens(self) -> int:
        """That can be read of one prompt, without marks."""
        return (MOST_CHUNKS if self._in_chunks else 1) * (self.max_tokens - 2)

    @property
    def _in_chunks(self) -> bool:
        """Whether compel serves this tokenizer; BERT's has no such marks and 32 places that the model was taught."""
        return self._tokenizer.bos_token_id is not None and self._tokenizer.eos_token_id is not None

    def __call__(self, prompt: Prompt) -> Tensor:
        with self._lock:
            if prompt.parts not in self._known:
                self._known[prompt.parts] = self._encode(prompt)
                self._forget()
            self._known.move_to_end(prompt.parts)
            return self._known[prompt.parts]

    def pair(self, negative_prompt: Prompt, prompt: Prompt) -> Tensor:
        """(2, tokens, width), negative first; the shorter is filled up with what an empty prompt gives."""
        halves = [self(negative_prompt), self(prompt)]
        longest = max(half.shape[1] for half in halves)
        return torch.cat([self._filled(half, longest) for half in halves])

    def _filled(self, half: Tensor, length: int) -> Tensor:
        missing = (length - half.shape[1]) // self.max_tokens
        return torch.cat([half, *[self(Prompt(""))] * missing], dim=1) if missing else half

    def _forget(self) -> None:
        """What was used longest ago, until the rest takes no more room than REMEMBERED short prompts."""
        while sum(known.shape[1] for known in self._known.values()) > REMEMBERED * self.max_tokens:
            self._known.popitem(last=False)

    @torch.inference_mode()
    def _encode(self, prompt: Prompt) -> Tensor:
        weighted = any(part.weight != 1 for part in prompt.parts)
        if not weighted and (not self._in_chunks or len(self._spans(prompt.words)) <= self.max_tokens - 2):
            return self._encode_plain(prompt.words)
        return self._encode_weighted(prompt.parts)

    def _encode_plain(self, text: str) -> Tensor:
        read = self._tokenizer(
            text, padding="max_length", max_length=self.max_tokens, truncation=True, return_tensors="pt"
        ).to(self._text_encoder.device)
        masked = getattr(self._text_encoder.config, "use_attention_mask", False)
        encoded: Tensor = self._text_encoder(read.input_ids, attention_mask=read.attention_mask if masked else None)[0]
        return encoded.to(self._text_encoder.dtype)

    def _encode_weighted(self, parts: Sequence[Weighted]) -> Tensor:
        from pipeline.engine.weighted_prompt import by_compel, by_rule

        encode = by_compel if self._in_chunks else by_rule
        read = [part for part in self._read(self._without_marks(parts)) if self._spans(part.text)]
        return encode(self._tokenizer, self._text_encoder, read, self.max_tokens)

    def _without_marks(self, parts: Sequence[Weighted]) -> list[Weighted]:
        """No prompt may write the tokenizer's own marks: they would end a chunk in its middle."""
        texts = [part.text for part in parts]
        for mark in self._tokenizer.all_special_tokens:
            texts = [text.replace(mark, " ") for text in texts]
        return [replace(part, text=text) for part, text in zip(parts, texts, strict=True)]

    def _read(self, parts: Sequence[Weighted]) -> list[Weighted]:
        """The parts as far as the model reads them."""
        left, read = self.most_tokens, list[Weighted]()
        for part in parts:
            spans = self._spans(part.text)
            if len(spans) > left:
                return [*read, replace(part, text=part.text[: spans[left - 1][1]] if left else "")]
            read.append(part)
            left -= len(spans)
        return read

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token begins and ends in `text`."""
        spans: list[tuple[int, int]] = self._tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]
        return spans

    def describe_cut(self, prompt: Prompt) -> str | None:
        """Say, in words for the page, where the model stops reading; None where it reads the whole prompt."""
        with self._lock:
            read = self._read(prompt.parts)
        kept = "".join(part.text for part in read)
        if kept == prompt.words:
            return None
        words, whole_words = prompt.words.split(), kept.split()
        cut_within = whole_words and whole_words[-1] != words[len(whole_words) - 1]
        whole = len(whole_words) - 1 if cut_within else len(whole_words)
        return (
            f"The model reads the first {whole} of these {len(words)} words; what comes after "
            f"“{' '.join(words[max(whole - 3, 0) : whole])}” is left out."
        )
