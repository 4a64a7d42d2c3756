"""Encode prompts into the hidden states that the UNet reads, each prompt once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.prompt_syntax import Prompt, Weighted
from pipeline.styles.sentences import encode_sentences

CACHED_PROMPTS = 64  # prompts' worth of (tokens, width) numbers: 15 MB for SD 1.5 in fp32
NEGATIVE_PROMPT_UNREAD = (
    "What should not be in the picture was not read: those words count only where “Follow the words” "
    "(guidance_scale) is above 1."
)
MAX_CHUNKS = 8  # of a long prompt: 600 of CLIP's tokens, more than the page's limit of characters usually makes


class PromptEncoder:
    """PromptEncoder turns a Prompt into (1, tokens, width), with the weights of pipeline/prompt_syntax.py.

    A prompt without weights that the model reads in one piece comes out exactly as diffusers' `encode_prompt` gives
    it, without its log of what you wrote. Tokens are a multiple of max_tokens: a text encoder that marks beginning and
    end, as CLIP's does, reads longer prompts in chunks. Safe to call from many threads.
    """

    def __init__(self, tokenizer: Any, text_encoder: Any) -> None:
        self._tokenizer, self._text_encoder = tokenizer, text_encoder
        self._cache: OrderedDict[tuple[Weighted, ...], Tensor] = OrderedDict()  # by a prompt's parts
        self._encode_sentence = lru_cache(CACHED_PROMPTS)(self._encode_one_sentence)
        self._lock = threading.RLock()  # a tokenizer refuses two threads at once

    @property
    def max_tokens(self) -> int:
        """Return how many tokens one chunk has, its two marks included."""
        return int(self._tokenizer.model_max_length)

    @property
    def max_prompt_tokens(self) -> int:
        """Return how many tokens of one prompt are read, marks left out."""
        return (MAX_CHUNKS if self._reads_chunks else 1) * (self.max_tokens - 2)

    @property
    def _reads_chunks(self) -> bool:
        """Return whether compel serves this tokenizer; BERT's has no such marks, and 32 positions that were trained."""
        return self._tokenizer.bos_token_id is not None and self._tokenizer.eos_token_id is not None

    def __call__(self, prompt: Prompt) -> Tensor:
        """Encode a prompt, or return what it gave before."""
        with self._lock:
            if prompt.parts not in self._cache:
                self._cache[prompt.parts] = self._encode(prompt)
                self._drop_oldest()
            self._cache.move_to_end(prompt.parts)
            return self._cache[prompt.parts]

    def encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts as one vector each, (n, width) of length 1, by a text encoder such as MiniLM."""
        with self._lock:
            return np.stack([self._encode_sentence(text) for text in texts])

    def _encode_one_sentence(self, text: str) -> NDArray[np.float32]:
        """Encode a text as one vector, (width,)."""
        return np.asarray(encode_sentences([text], self._tokenizer, self._text_encoder)[0], np.float32)

    def encode_pair(self, negative_prompt: Prompt, prompt: Prompt, reader: PromptEncoder | None = None) -> Tensor:
        """Encode both prompts as (2, tokens, width), negative first; the shorter one is padded with empty prompts.

        `reader` reads the prompt in this encoder's place.
        """
        reader = reader or self
        negative, positive = self(negative_prompt), reader(prompt)
        longest = max(negative.shape[1], positive.shape[1])
        return torch.cat([self._pad_with_empty(negative, longest), reader._pad_with_empty(positive, longest)])

    def _pad_with_empty(self, half: Tensor, length: int) -> Tensor:
        """Append the states of empty prompts until there are `length` tokens."""
        missing = (length - half.shape[1]) // self.max_tokens
        return torch.cat([half, *[self(Prompt(""))] * missing], dim=1) if missing else half

    def _drop_oldest(self) -> None:
        """Drop what was used longest ago, until the rest takes no more room than CACHED_PROMPTS short prompts."""
        while sum(states.shape[1] for states in self._cache.values()) > CACHED_PROMPTS * self.max_tokens:
            self._cache.popitem(last=False)

    @torch.inference_mode()
    def _encode(self, prompt: Prompt) -> Tensor:
        """Encode a prompt with its weights, where it has any or is longer than one chunk."""
        weighted = any(part.weight != 1 for part in prompt.parts)
        if not weighted and (not self._reads_chunks or self._fits_in_one_chunk(prompt.words)):
            return self._encode_plain(prompt.words)
        return self._encode_weighted(prompt.parts)

    def _fits_in_one_chunk(self, text: str) -> bool:
        """Return whether a text and its two marks fit in one chunk."""
        return len(self._find_token_spans(text)) <= self.max_tokens - 2

    def _encode_plain(self, text: str) -> Tensor:
        """Encode a text without weights in one chunk, as diffusers' `encode_prompt` does."""
        read = self._tokenizer(
            text, padding="max_length", max_length=self.max_tokens, truncation=True, return_tensors="pt"
        ).to(self._text_encoder.device)
        masked = getattr(self._text_encoder.config, "use_attention_mask", False)
        encoded: Tensor = self._text_encoder(read.input_ids, attention_mask=read.attention_mask if masked else None)[0]
        return encoded.to(self._text_encoder.dtype)

    def _encode_weighted(self, parts: Sequence[Weighted]) -> Tensor:
        """Encode parts with their weights, in chunks where the text encoder has marks for them."""
        from pipeline.engine.weighted_prompt import encode_by_rule, encode_with_compel

        encode = encode_with_compel if self._reads_chunks else encode_by_rule
        read = [part for part in self._cut_parts(self._remove_marks(parts)) if self._find_token_spans(part.text)]
        return encode(self._tokenizer, self._text_encoder, read, self.max_tokens)

    def _remove_marks(self, parts: Sequence[Weighted]) -> list[Weighted]:
        """Remove the tokenizer's own marks where a person typed them: they would end a chunk in its middle."""
        texts = [part.text for part in parts]
        for mark in self._tokenizer.all_special_tokens:
            texts = [text.replace(mark, " ") for text in texts]
        return [replace(part, text=text) for part, text in zip(parts, texts, strict=True)]

    def _cut_parts(self, parts: Sequence[Weighted]) -> list[Weighted]:
        """Return the parts as far as the model reads them."""
        left, read = self.max_prompt_tokens, list[Weighted]()
        for part in parts:
            spans = self._find_token_spans(part.text)
            if len(spans) > left:
                return [*read, replace(part, text=part.text[: spans[left - 1][1]] if left else "")]
            read.append(part)
            left -= len(spans)
        return read

    def _find_token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where each token begins and ends in `text`."""
        spans: list[tuple[int, int]] = self._tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]
        return spans

    def describe_cut(self, prompt: Prompt) -> str | None:
        """Say, in words for the page, where the model stops reading; None where it reads the whole prompt."""
        with self._lock:
            read = self._cut_parts(prompt.parts)
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

    def describe_unread(self, negative_prompt: Prompt, guidance_scale: float) -> str | None:
        """Say, in words for the page, why a negative prompt is not read, or not to its end; None where it is."""
        if negative_prompt.text.strip() and guidance_scale <= 1:
            return NEGATIVE_PROMPT_UNREAD
        cut = self.describe_cut(negative_prompt)
        return f"Of the words for what is not in the picture: {cut[:1].lower()}{cut[1:]}" if cut else None
