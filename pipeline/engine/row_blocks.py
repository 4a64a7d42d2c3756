"""Compute attention between many tokens by blocks of rows, in bf16 on processors that are quicker so.

On AMD's Zen 4, which has AVX512_BF16 and no tiles (AMX), torch's own kernel takes as long in bf16 as in float32. Here
both products of matrices are oneDNN's in bf16, 1.5 times as fast (docs/levers.md). A product in bf16 rounds its scores,
the more the larger they are, and the largest weigh most. So about the largest score of each row is taken from all of
its scores within the product, before they are rounded. It is guessed from every 16th key: whatever is taken from a
whole row, softmax, which computes in float32, gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

LEAST_TOKENS = 2048  # of queries and of keys: of fewer, a pass of the UNet gains nothing that can be measured
MOST_THREADS = 8  # measured with one and two; each more waits for the others, as in torch's own kernel they need not
BLOCK = 2**20  # scores that a thread has at a time: 2 MB, and as much after softmax
SAMPLED = 16  # of so many keys, one is asked how large a row's scores are
BEYOND = 0.15  # of the way from a sample's mean score to its largest: how far beyond that all scores' largest is
COLUMNS = 16  # oneDNN's product is quickest where its columns are a multiple


def attend_in_blocks(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return softmax(query key^T / sqrt(d)) value, as scaled_dot_product_attention does without a mask.

    query: (n, heads, tokens, d); key, value: (n, heads, keys, d); all bf16, on the processor. Returns
    (n, heads, tokens, d). Beside that it takes 4 MB for each thread's scores, and 34 MB for sampled ones at 1024 px.
    """
    (batch, heads, tokens, _), count = query.shape, key.shape[2]
    budget = BLOCK * torch.get_num_threads()
    rows = max(1, min(tokens, budget // count))
    group = max(1, min(heads, budget // (rows * count)))  # heads that are computed together
    room, attended = query.new_empty(2, group, rows, count), query.new_empty(query.shape)
    for one in range(batch):
        for first in range(0, heads, group):
            some = (one, slice(first, first + group))
            _attend(query[some], key[some], value[some], room, attended[some])
    return attended


def _attend(queries: Tensor, keys: Tensor, values: Tensor, room: Tensor, attended: Tensor) -> None:
    """Write some heads' attention (h, tokens, d) into `attended`, with room for their scores: (2, h, rows, keys)."""
    scale, rows = queries.shape[2] ** -0.5, room.shape[2]
    queries = torch.cat([queries, -guess_largest_scores(queries, keys)], 2)
    keys = functional.pad(keys, (0, 1), value=1.0).transpose(1, 2)
    values = functional.pad(values, (0, -attended.shape[2] % COLUMNS))
    for start in range(0, queries.shape[1], rows):
        block = queries[:, start : start + rows]
        scores, weights = room[:, : block.shape[0], : block.shape[1]]
        torch.baddbmm(scores, block, keys, beta=0, alpha=scale, out=scores)
        torch.softmax(scores, -1, out=weights)
        attended[:, start : start + rows] = torch.bmm(weights, values)[..., : attended.shape[2]]


def guess_largest_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Guess from some of the keys (h, keys, d) the largest product of each query (h, tokens, d): (h, tokens, 1)."""
    sampled = torch.bmm(queries, keys[:, ::SAMPLED].transpose(1, 2))
    largest = sampled.amax(-1, keepdim=True)
    return torch.add(largest, largest - sampled.mean(-1, keepdim=True), alpha=BEYOND)


class RowBlocks(TorchFunctionMode):
    """RowBlocks is a context in which this thread's calls of scaled_dot_product_attention are computed by blocks of
    rows where that is quicker: in bf16 on the processor, of many tokens, without mask, dropout and gradients.
    """

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[type],
        args: Any = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call one of torch's functions, or do its work."""
        named = kwargs or {}
        if function is functional.scaled_dot_product_attention and gains_from_blocks(*args, **named):
            return attend_in_blocks(*args[:3])
        return function(*args, **named)


def gains_from_blocks(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> bool:
    """Return whether a call of scaled_dot_product_attention, with its own arguments, is one for blocks of rows."""
    is_plain = attn_mask is None and not (dropout_p or is_causal or scale or enable_gqa)
    is_large = query.ndim == 4 and min(query.shape[2], key.shape[2]) >= LEAST_TOKENS
    is_halved = query.device.type == "cpu" and query.dtype == key.dtype == value.dtype == torch.bfloat16
    return is_plain and is_large and is_halved and query.shape[3] == value.shape[3] and not torch.is_grad_enabled()


def use_quick_attention(wanted: str, device: torch.device, dtype: torch.dtype) -> AbstractContextManager[Any]:
    """Return the context in which networks of `dtype` on a device are to run; `wanted` is one of ATTENTIONS."""
    if wanted == "auto" and device.type == "cpu" and dtype == torch.bfloat16 and has_quick_blocks():
        return RowBlocks()
    return nullcontext()


def has_quick_blocks() -> bool:
    """Return whether blocks of rows are quicker on this processor: on AMD's with AVX512_BF16 and without tiles, as
    measured on Zen 4, with few threads. With tiles torch's own kernel is quick; without either bf16 is slow.
    """
    able = torch.cpu.get_capabilities()
    is_amd = str(able.get("cpu_name", "")).startswith("AMD")
    is_quick = is_amd and bool(able.get("avx512_bf16", False)) and not able.get("amx_bf16", False)
    return is_quick and torch.get_num_threads() <= MOST_THREADS
