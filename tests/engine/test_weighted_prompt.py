from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from pipeline.engine.weighted_prompt import encode_by_rule, encode_with_compel
from pipeline.prompt_syntax import Weighted, read_weights
from tests.tools.clip_folder import make_small_text_encoder, write_clip_tokenizer


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """CLIP's tokenizer, one token a letter, and a small text encoder of CLIP's class."""
    from transformers import CLIPTokenizer

    folder = tmp_path_factory.mktemp("clip") / "tokenizer"
    write_clip_tokenizer(folder)
    torch.manual_seed(5)
    return CLIPTokenizer.from_pretrained(folder), make_small_text_encoder().eval()


@pytest.mark.parametrize(
    "prompt",
    [
        "a (red:1.3) fox",
        "a [red] fox",
        "((red)) (fox:0.4), [grey] sky",
        "(red:0) fox",
        "(red fox:2)",
        "(red:0)(fox:0.00001)",
    ],
)
@torch.no_grad()
def test_our_rule_is_compels(clip: tuple[Any, Any], prompt: str) -> None:
    parts = read_weights(prompt)
    expected, ours = (encode(*clip, parts, 77) for encode in (encode_with_compel, encode_by_rule))
    torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)
    plain = encode_by_rule(*clip, [Weighted("".join(part.text for part in parts))], 77)
    assert (ours - plain).abs().max() > 1e-3  # the weight did something


@pytest.mark.parametrize("encode", [encode_with_compel, encode_by_rule])
@torch.no_grad()
def test_sixteen_bits_bear_it(clip: tuple[Any, Any], encode: Any) -> None:
    """Two weights of 0 share out tan(90 degrees) between them, more than 16 bits hold."""
    tokenizer, text_encoder = clip
    parts = read_weights("(red:0) fox (blue:0) sky")
    half = encode(tokenizer, copy.deepcopy(text_encoder).half(), parts, 77)
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), encode(tokenizer, text_encoder, parts, 77), atol=2e-2, rtol=2e-2)


@torch.no_grad()
def test_a_long_prompt_is_read_in_chunks_that_end_at_commas(clip: tuple[Any, Any]) -> None:
    one, other = "a" * 60, "b" * 40  # a token a letter: the comma is the 61st
    both = encode_with_compel(*clip, [Weighted(f"{one}, {other}")], 77)
    first, second = (encode_with_compel(*clip, [Weighted(text)], 77) for text in (f"{one},", other))
    assert both.shape == (1, 154, 32)
    torch.testing.assert_close(both, torch.cat([first, second], 1))


@torch.no_grad()
def test_compels_own_syntax_is_plain_text(clip: tuple[Any, Any]) -> None:
    """Such as C++, which would weigh the C."""
    tokenizer, text_encoder = clip
    text = 'c++ "a".blend(1)'
    tokens = tokenizer(text, padding="max_length", max_length=77, return_tensors="pt").input_ids
    torch.testing.assert_close(
        encode_with_compel(*clip, [Weighted(text)], 77), text_encoder(tokens)[0], atol=1e-5, rtol=1e-4
    )


def test_compel_says_nothing_of_a_long_prompt(clip: tuple[Any, Any], capfd: pytest.CaptureFixture[str]) -> None:
    with torch.no_grad():
        encode_with_compel(*clip, [Weighted("secret " * 40)], 77)
    assert capfd.readouterr() == ("", "")


class Recorder(torch.nn.Module):
    """Hidden states that tell whether a token was looked at: the token's number times its mask."""

    def __init__(self, use_attention_mask: bool) -> None:
        super().__init__()
        self.device, self.dtype, self.seen = torch.device("cpu"), torch.float32, list[torch.Tensor]()
        self.config = type("Config", (), {"use_attention_mask": use_attention_mask})()

    def forward(self, tokens: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor]:
        self.seen.append(attention_mask)
        return ((tokens * attention_mask)[..., None].float(),)


class TenLetters:
    """Token n is the n-th letter; 1 and 2 frame the words, 0 fills."""

    pad_token_id = 0

    def __call__(self, text: str, add_special_tokens: bool = True, verbose: bool = True) -> dict[str, list[int]]:
        letters = [10 * (ord(letter) - ord("a") + 1) for letter in text if letter != " "]
        return {"input_ids": [1, *letters, 2] if add_special_tokens else letters}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a(b:2)", [1, 10, 40, 2, 0, 0]),  # the empty prompt is 1 2 0 0 0 0: 0 + (20 - 0) x 2
        ("(b:2)", [1, 38, 2, 0, 0, 0]),  # 2 + (20 - 2) x 2
    ],
)
def test_a_weight_stretches_away_from_the_empty_prompt(prompt: str, expected: list[float]) -> None:
    states = encode_by_rule(TenLetters(), Recorder(use_attention_mask=True), read_weights(prompt), 6)
    assert states[0, :, 0].tolist() == pytest.approx(expected)


def test_half_a_weight_is_half_faded_too() -> None:
    """place 1 holds 10 or, masked, 0; 2 in the empty prompt: stretched 6 and 1; tan(45 degrees) mixes them equally."""
    states = encode_by_rule(TenLetters(), Recorder(use_attention_mask=True), read_weights("(a:0.5)b"), 6)[
        0, :, 0
    ].tolist()
    assert states == pytest.approx([1, 3.5, 20, 2, 0, 0])


@pytest.mark.parametrize(("masked", "padding"), [(True, 0), (False, 1)])
def test_padding_is_looked_at_only_by_models_that_do(masked: bool, padding: int) -> None:
    recorder = Recorder(masked)
    encode_by_rule(TenLetters(), recorder, read_weights("(a:0.5)b"), 6)
    assert [mask.tolist() for mask in recorder.seen] == [
        [[1, 1, *[padding] * 4]],
        [[1, 1, 1, 1, padding, padding], [1, 0, 1, 1, padding, padding]],
    ]


def test_what_does_not_fit_is_left_out() -> None:
    states = encode_by_rule(TenLetters(), Recorder(True), read_weights("(abcdef:1.1)(g:0.5)"), 6)
    assert states.shape == (1, 6, 1)
    assert states[0, 5, 0] == 2  # the last mark keeps its place
