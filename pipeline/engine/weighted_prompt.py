"""Encode weighted and long prompts: by compel for CLIP's text encoder, by compel's rule for others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pipeline.models.loading import silence_logs
from pipeline.prompt_syntax import Weighted

MIN_WEIGHT = 1e-5  # a weight of 0 is taken for this much, since tan() ends there


def encode_with_compel(tokenizer: Any, text_encoder: Any, parts: Sequence[Weighted], max_tokens: int) -> Tensor:
    """Encode with compel: (1, chunks x max_tokens, width). A chunk ends behind a comma or full stop, else a word.

    compel's own syntax (`fox++`, `.blend()`, quotes) is not read: "C++" is a word here. Its import takes a while where
    nothing else has imported diffusers' pipelines; whoever writes plain short prompts never waits for it.
    """
    import transformers

    with silence_logs([transformers.utils.logging]):  # it would log that the prompt is long
        from compel.embeddings_provider import EmbeddingsProvider, SplitLongTextMode

        provider = EmbeddingsProvider(
            tokenizer,
            text_encoder,
            truncate=False,
            model_max_length=max_tokens,
            split_long_text_mode=SplitLongTextMode.PHRASES,
        )
        embeds: Tensor = provider.get_embeddings_for_weighted_prompt_fragments(
            [[part.text for part in parts]], [[part.weight for part in parts]], device=text_encoder.device
        )
    return embeds


def encode_by_rule(tokenizer: Any, text_encoder: Any, parts: Sequence[Weighted], max_tokens: int) -> Tensor:
    """Encode by compel's rule, without compel: (1, max_tokens, width); what is longer is left out.

    For text encoders that compel does not serve: it frames each chunk by the tokenizer's bos and eos marks, of which
    BERT has none, and takes paddings for words. The rule is compel's (tests compare them on CLIP): a token of weight w
    lies w times as far from the empty prompt's; below 1 it also fades, as the prompt with the words masked out is
    mixed in by tan((1 - w) * 90 degrees).
    """
    prompt = _TokenizedPrompt.tokenize(tokenizer, parts, max_tokens)
    faded = sorted({owner for owner in prompt.owners if owner is not None and parts[owner].weight < 1})
    padding = 0 if getattr(text_encoder.config, "use_attention_mask", False) else 1
    no_words = _TokenizedPrompt.tokenize(tokenizer, [], max_tokens)
    masks = [prompt.make_mask(padding), *(prompt.make_mask(padding, without) for without in faded)]
    empty = _encode_tokens(text_encoder, no_words, [no_words.make_mask(padding)])
    states = _encode_tokens(text_encoder, prompt, masks)
    weights = torch.tensor([1.0 if owner is None else parts[owner].weight for owner in prompt.owners])
    stretched = empty + (states - empty) * weights.to(states.device)[:, None]
    shares = torch.tensor([1.0, *(_weigh_masked_prompt(parts[owner].weight) for owner in faded)]).to(states.device)
    mixed: Tensor = (stretched * (shares / shares.sum())[:, None, None]).sum(0, keepdim=True)
    return mixed.to(text_encoder.dtype)


def _weigh_masked_prompt(weight: float) -> float:
    """Return how strongly the prompt without a part of this weight is mixed in, tan((1 - weight) * 90 degrees)."""
    return math.tan((1 - max(weight, MIN_WEIGHT)) * math.pi / 2)


@dataclass(frozen=True)
class _TokenizedPrompt:
    """_TokenizedPrompt holds a prompt's tokens between its first and last mark, padded."""

    tokens: list[int]
    owners: list[int | None]  # for each token, the part that it comes from; None for marks and padding
    marks: tuple[int, int]  # where the first and last mark stand

    @classmethod
    def tokenize(cls, tokenizer: Any, parts: Sequence[Weighted], max_tokens: int) -> _TokenizedPrompt:
        """Tokenize the parts and pad to `max_tokens`, both marks included; what is longer is left out."""
        first, last = tokenizer("")["input_ids"][:2]
        words = [
            (token, owner)
            for owner, part in enumerate(parts)
            for token in tokenizer(part.text, add_special_tokens=False, verbose=False)["input_ids"]
        ]
        words = words[: max_tokens - 2]
        padding = max_tokens - 2 - len(words)
        tokens = [first, *(token for token, _ in words), last, *[tokenizer.pad_token_id] * padding]
        owners = [None, *(owner for _, owner in words), None, *[None] * padding]
        return cls(tokens, owners, (0, len(words) + 1))

    def make_mask(self, padding: int, without: int | None = None) -> list[int]:
        """Make an attention mask: 1 for tokens, `padding` behind the last mark, 0 for those of the part `without`."""
        return [
            padding if index > self.marks[1] else int(owner is None or owner != without)
            for index, owner in enumerate(self.owners)
        ]


def _encode_tokens(text_encoder: Any, prompt: _TokenizedPrompt, masks: list[list[int]]) -> Tensor:
    """Encode the tokens once for each mask: (masks, tokens, width) fp32."""
    tokens = torch.tensor([prompt.tokens] * len(masks), device=text_encoder.device)
    states: Tensor = text_encoder(tokens, attention_mask=torch.tensor(masks, device=text_encoder.device))[0]
    return states.float()
