"""Attention by blocks of rows gives what torch's kernel gives, and is used only where it is quicker."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from pipeline.controls import Shortcuts
from pipeline.engine import row_blocks
from pipeline.engine.engine import Engine
from pipeline.engine.row_blocks import RowBlocks, attend_in_blocks, has_quick_blocks, use_quick_attention
from pipeline.values import GenerationRequest
from tests.benchmarks.attention import make_inputs, measure_error
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile

CPU, BF16 = torch.device("cpu"), torch.bfloat16
ZEN_4 = {"cpu_name": "AMD EPYC", "avx512_bf16": True, "amx_bf16": False}


@pytest.fixture
def count_blocks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Return the shapes of queries that are computed by blocks."""
    seen: list[tuple[int, ...]] = []

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        seen.append(tuple(query.shape))
        return attend_in_blocks(query, key, value)

    monkeypatch.setattr(row_blocks, "attend_in_blocks", attend)
    return seen


@torch.inference_mode()
@pytest.mark.parametrize("gain", [1.0, 2.0, 4.0])
@pytest.mark.parametrize(("tokens", "width"), [(1024, 40), (1100, 80)])
def test_blocks_are_nearly_as_exact_as_torchs_kernel(tokens: int, width: int, gain: float) -> None:
    inputs = make_inputs(tokens, width, gain)
    exact = scaled_dot_product_attention(*(each.float() for each in inputs))
    ours, torchs = (measure_error(way, inputs, exact) for way in (attend_in_blocks, scaled_dot_product_attention))
    assert ours < 2.2 * torchs
    assert attend_in_blocks(*inputs).shape == exact.shape


@torch.inference_mode()
def test_equal_inputs_give_equal_bytes() -> None:
    inputs = make_inputs(1100, 40)
    assert torch.equal(attend_in_blocks(*inputs), attend_in_blocks(*inputs))


@torch.inference_mode()
def test_blocks_of_few_rows_and_other_keys_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    (query, *_), (_, key, value) = make_inputs(100, 40), make_inputs(90, 40)
    whole = attend_in_blocks(query, key, value)
    monkeypatch.setattr(row_blocks, "BLOCK", 7 * 90)
    torch.testing.assert_close(attend_in_blocks(query, key, value), whole, rtol=0, atol=1e-2)


@torch.inference_mode()
def test_a_call_with_many_tokens_in_bf16_is_computed_by_blocks(
    count_blocks: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_blocks, "LEAST_TOKENS", 1024)
    query, key, value = make_inputs(1024, 40)
    with RowBlocks():
        scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False)
        assert len(count_blocks) == 1
        mask = torch.zeros(1024, 1024, dtype=BF16)
        for others in ({"attn_mask": mask}, {"is_causal": True}, {"scale": 0.5}):
            scaled_dot_product_attention(query, key, value, **others)
        scaled_dot_product_attention(query, key[:, :, :77], value[:, :, :77])
        scaled_dot_product_attention(query.float(), key.float(), value.float())
        with torch.inference_mode(False), torch.enable_grad():
            scaled_dot_product_attention(query.clone(), key.clone(), value.clone())
    scaled_dot_product_attention(query, key, value)
    assert len(count_blocks) == 1


@pytest.mark.parametrize(
    ("wanted", "device", "dtype", "able", "expected"),
    [
        ("auto", "cpu", BF16, ZEN_4, True),
        ("sdpa", "cpu", BF16, ZEN_4, False),
        ("auto", "cuda", BF16, ZEN_4, False),
        ("auto", "mps", BF16, ZEN_4, False),
        ("auto", "cpu", torch.float32, ZEN_4, False),
        ("auto", "cpu", BF16, ZEN_4 | {"cpu_name": "Intel(R) Xeon(R)", "amx_bf16": True}, False),
        ("auto", "cpu", BF16, ZEN_4 | {"avx512_bf16": False}, False),
        ("auto", "cpu", BF16, {}, False),
    ],
)
def test_blocks_are_used_where_they_are_quicker(
    wanted: str, device: str, dtype: torch.dtype, able: Any, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    context = use_quick_attention(wanted, torch.device(device), dtype)
    assert isinstance(context, RowBlocks if expected else nullcontext)
    assert has_quick_blocks() == (able.get("avx512_bf16", False) and able["cpu_name"] == "AMD EPYC")


def load(folder: Path, **how: Any) -> Engine:
    return Engine.load(make_tiny_sd15_profile(any_dtype=True), folder=folder, device="cpu", **how)


def draw(engine: Engine, request: GenerationRequest) -> NDArray[np.int64]:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def test_a_picture_by_blocks_is_nearly_the_same(
    sd15_folder: Path, make_style: MakeStyle, count_blocks: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a style's picture, ControlNet, guidance and kept deep features, all of which go on as before."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: ZEN_4)
    monkeypatch.setattr(row_blocks, "LEAST_TOKENS", 64)
    blocks, plain = (load(sd15_folder, dtype="bfloat16", attention=each) for each in ("auto", "sdpa"))
    request = replace(make_request(blocks, make_style("neon", 1)), shortcuts=Shortcuts(cache_interval=2))
    expected = draw(plain, request)
    assert not count_blocks
    first = draw(blocks, request)
    assert count_blocks
    again = draw(blocks, request)
    assert np.array_equal(first, again)
    assert expected.std() > 20
    assert np.abs(first - expected).mean() < 1.5


def test_what_computes_in_float32_is_torchs(
    sd15_folder: Path, make_style: MakeStyle, count_blocks: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: ZEN_4)
    monkeypatch.setattr(row_blocks, "LEAST_TOKENS", 64)
    engine = load(sd15_folder, dtype="float32")
    engine.draw(make_request(engine, make_style("neon", 1), num_inference_steps=1))
    assert not count_blocks
