"""Attention in fp32 under autocast: the same answer as without, in the dtype that it was asked in."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from pipeline.pocket.train.precision import FullAttention

pytestmark = pytest.mark.usefixtures("one_thread")


def test_attention_is_computed_in_fp32_and_answers_in_bf16() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 4, 64, 16) for _ in range(3))
    exact = functional.scaled_dot_product_attention(query, key, value)
    with torch.autocast("cpu", torch.bfloat16):
        halves = [one.bfloat16() for one in (query, key, value)]
        coarse = functional.scaled_dot_product_attention(*halves)
        with FullAttention():
            fine = functional.scaled_dot_product_attention(*halves)
            masked = functional.scaled_dot_product_attention(*halves, attn_mask=None, dropout_p=0.0, is_causal=True)
            product = query @ key.mT
    wanted = functional.scaled_dot_product_attention(*(one.float() for one in halves)).bfloat16()
    assert fine.dtype == coarse.dtype == masked.dtype == torch.bfloat16
    assert torch.equal(fine, wanted) and not torch.equal(masked, fine)
    assert (fine - exact).abs().max() < 0.02
    assert product.dtype == torch.bfloat16  # everything else goes on under autocast
