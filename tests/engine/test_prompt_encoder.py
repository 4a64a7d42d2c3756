import ast
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.engine.prompt_encoder import CACHED_PROMPTS, MAX_CHUNKS, PromptEncoder
from pipeline.errors import SettingError
from pipeline.prompt_syntax import Prompt
from pipeline.settings import ROOT


class TextEncoder(PromptEncoder):
    """Takes texts, so that a test reads as what a person typed."""

    def __call__(self, text):
        return super().__call__(text if isinstance(text, Prompt) else Prompt(text))

    def encode_pair(self, negative, text):
        return super().encode_pair(Prompt(negative), Prompt(text))

    def describe_cut(self, text):
        return super().describe_cut(text if isinstance(text, Prompt) else Prompt(text))


@pytest.fixture(scope="module")
def packaged_words(packaged_engine):
    return TextEncoder(packaged_engine._pipeline.tokenizer, packaged_engine._pipeline.text_encoder)


def test_a_prompt_is_encoded_as_diffusers_does(packaged_words, packaged_folder):
    from tests.tools.diffusers_reference import load_diffusers_packaged

    encode = load_diffusers_packaged(packaged_folder).encode_prompt
    expected, negative = encode("a red fox", torch.device("cpu"), 1, True, "grey")
    torch.testing.assert_close(packaged_words("a red fox"), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(packaged_words("grey"), negative, atol=1e-5, rtol=0)
    assert expected.shape == (1, 32, 384)


class CountingEncoder(torch.nn.Module):
    """Stands for the text tower: token numbers as floats."""

    def __init__(self):
        super().__init__()
        self.calls, self.device, self.dtype = 0, torch.device("cpu"), torch.float32
        self.config = type("Config", (), {"use_attention_mask": False})()

    def forward(self, input_ids, attention_mask=None):
        assert attention_mask is None
        self.calls += 1
        return (input_ids[..., None].float(),)


@pytest.fixture
def counting(packaged_words):
    return TextEncoder(packaged_words._tokenizer, CountingEncoder())


def test_a_prompt_is_encoded_once(counting):
    assert torch.equal(counting("a fox"), counting("a fox"))
    assert counting._text_encoder.calls == 1


def test_the_prompt_used_longest_ago_is_forgotten_first(counting):
    counting("kept")
    for number in range(CACHED_PROMPTS):
        counting("kept")
        counting(f"other {number}")
    calls = counting._text_encoder.calls
    counting("kept")
    assert counting._text_encoder.calls == calls
    counting("other 0")
    assert counting._text_encoder.calls == calls + 1
    assert len(counting._cache) == CACHED_PROMPTS


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("fox " * 30, None),
        ("fox " * 31, 30),
        ("  fox\n\tred  " * 20, 30),
        ("fox " * 29 + "incomprehensibilities and more", 29),  # cut within a word: that word does not count
        ("", None),
    ],
)
def test_notice_counts_whole_words(packaged_words, prompt, read):
    notice = packaged_words.describe_cut(prompt)
    if read is None:
        assert notice is None
    else:
        assert notice.startswith(f"The model reads the first {read} of these {len(prompt.split())} words;")


def test_notice_quotes_the_last_words_that_are_read(packaged_words):
    words = [f"{letter}{digit}" for letter in "abcdefgh" for digit in range(10)]
    notice = packaged_words.describe_cut(" ".join(words))
    read = int(notice.split()[5])
    assert f"“{' '.join(words[read - 3 : read])}”" in notice


def test_a_single_endless_word_is_no_crash(packaged_words):
    assert "first 0 of these 1 words" in packaged_words.describe_cut("xq" * 49)


@pytest.fixture(scope="module")
def sd15_words(sd15_engine):
    return TextEncoder(sd15_engine._pipeline.tokenizer, sd15_engine._pipeline.text_encoder)


def encode_by_diffusers(pipeline, prompt):
    return pipeline.encode_prompt(prompt, torch.device("cpu"), 1, False)[0]


def test_a_plain_prompt_is_to_the_bit_what_it_was(sd15_words, packaged_words):
    for words, prompt in ((sd15_words, "a red fox"), (packaged_words, "a red fox " * 20), (sd15_words, "")):
        tokens = words._tokenizer(
            prompt, padding="max_length", max_length=words.max_tokens, truncation=True, return_tensors="pt"
        )
        mask = tokens.attention_mask if words is packaged_words else None
        with torch.inference_mode():
            assert torch.equal(words(prompt), words._text_encoder(tokens.input_ids, attention_mask=mask)[0])


def test_plain_prompts_of_sd15_are_the_stock_pipelines(sd15_words, sd15_folder):
    from tests.tools.diffusers_reference import load_diffusers_sd15

    expected = encode_by_diffusers(load_diffusers_sd15(sd15_folder), "a red fox")
    torch.testing.assert_close(sd15_words("a red fox"), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("prompt", ["(a red fox:1)", "([a red fox])", "(a red (fox:1.0):1.0)"])
def test_syntax_that_weighs_nothing_changes_nothing(sd15_words, packaged_words, prompt):
    for words in (sd15_words, packaged_words):
        assert torch.equal(words(prompt), words("a red fox"))


def test_a_weight_moves_both_encoders_and_more_of_it_moves_more(sd15_words, packaged_words):
    for words in (sd15_words, packaged_words):
        moved = [(words(f"a (red:{weight}) fox") - words("a red fox")).abs().mean() for weight in (1.0, 1.2, 1.6, 2.4)]
        assert moved[0] == 0 and moved == sorted(moved) and moved[1] > 1e-4
        assert not torch.equal(words("a [red] fox"), words("a red fox"))


def test_words_of_weight_zero_are_nearly_gone(packaged_words):
    with_red, without, gone = (packaged_words(f"a {word} fox") for word in ("red", "[MASK]", "(red:0)"))
    first = slice(0, 1)  # its first mark sums the sentence up
    assert torch.cosine_similarity(gone[:, first], without[:, first], -1) > 0.9
    assert not torch.allclose(gone, with_red, atol=1e-2)


def test_nothing_of_a_long_prompt_is_cut_on_sd15(sd15_words):
    prompt = "a red fox, " * 30  # a token for each letter and comma: 240
    assert sd15_words(prompt).shape[1] == 4 * 77
    assert sd15_words.describe_cut(prompt) is None
    one, other = (sd15_words(prompt + end) for end in ("cat", "dog"))
    assert torch.equal(one[:, : 3 * 77], other[:, : 3 * 77]) and not torch.equal(one, other)


def test_even_chunks_have_an_end_and_it_is_told(sd15_words):
    prompt = Prompt("fox " * 200).within("fox " * 200 + "{prompt}")
    assert sd15_words(prompt).shape[1] == MAX_CHUNKS * 77
    assert sd15_words.describe_cut(prompt).startswith("The model reads the first 200 of these 400 words;")


@pytest.mark.parametrize("end", ["", "(fox:1.3) ", "[fox] "])
def test_weighted_prompts_are_noticed_without_their_syntax(packaged_words, end):
    fits, over = 30 - bool(end), 31 - bool(end)
    assert packaged_words.describe_cut(end + "fox " * fits) is None
    notice = packaged_words.describe_cut(end + "fox " * over)
    assert "first 30 of these 31 words; what comes after “fox fox fox” is left out" in notice


def test_halves_have_equal_lengths(sd15_words):
    long, short = "a red fox, " * 20, "grey"
    for negative, prompt in ((short, long), (long, short), (short, short)):
        halves = sd15_words.encode_pair(negative, prompt)
        for half, text in zip(halves, (negative, prompt), strict=True):
            own = sd15_words(text)
            assert torch.equal(half[: own.shape[1]], own[0])
            for start in range(own.shape[1], len(half), 77):
                assert torch.equal(half[start : start + 77], sd15_words("")[0])
    assert sd15_words.encode_pair(short, "fox").shape == (2, 77, 32)


@pytest.mark.parametrize(
    "prompt",
    [
        "<|endoftext|> (a:0.5) <|startoftext|>",
        "(<|endoftext|>:0.5) a",
        "( :0.5)(a:2)",
        "(\u200b:0.5) a",
        "(\U0001f98a:0.5) (\u72d0:1.4)",
        "[a],[b]," * 16,
        "(" + "a, " * 100 + ":0.5)",
        "(\x00:1.1)",
    ],
)
def test_odd_prompts_are_encoded(sd15_words, packaged_words, prompt):
    for words in (sd15_words, packaged_words):
        encoded = words(prompt)
        assert encoded.isfinite().all() and encoded.shape[1] % words.max_tokens == 0


def test_a_weight_that_cannot_be_is_told(packaged_words):
    with pytest.raises(SettingError, match="from 0 to 3"):
        packaged_words("a (fox:1e9)")


def test_long_prompts_take_the_room_of_several(sd15_words):
    encoder = TextEncoder(sd15_words._tokenizer, sd15_words._text_encoder)
    for number in range(30):
        encoder(f"{number} " + "a red fox, " * 30)
    assert sum(known.shape[1] for known in encoder._cache.values()) <= CACHED_PROMPTS * 77 and len(encoder._cache) == 16


@pytest.mark.parametrize("file", ["prompt_encoder.py", "weighted_prompt.py"])
def test_compel_is_imported_when_a_prompt_needs_it(file):
    """It imports a dozen of diffusers' pipelines: seconds that a plain prompt need not wait."""
    tree = ast.parse((ROOT / "pipeline" / "engine" / file).read_text())
    assert not [
        node for node in tree.body if isinstance(node, ast.ImportFrom | ast.Import) and "compel" in ast.unparse(node)
    ]


def test_long_weighted_prompts_are_those_of_compel_itself(sd15_words, sd15_engine):
    """Its own class, asked in its own syntax."""
    from compel import Compel
    from compel.embeddings_provider import SplitLongTextMode

    theirs = Compel(
        sd15_words._tokenizer,
        sd15_words._text_encoder,
        truncate_long_prompts=False,
        split_long_text_mode=SplitLongTextMode.PHRASES,
    )
    with torch.inference_mode():
        expected = theirs(["(grey)0.8 sky", "a (red)1.4 fox, " * 10])
    ours = sd15_words.encode_pair("(grey:0.8) sky", "a (red:1.4) fox, " * 10)
    assert ours.shape == (2, 154, 32)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


def test_they_draw_what_the_stock_pipeline_draws_of_them(sd15_engine, sd15_folder, make_style):
    from tests.tools.diffusers_reference import embed_style_by_diffusers, load_diffusers_sd15
    from tests.tools.drawing_requests import make_request

    style, numbers = make_style("neon", 1), {"num_inference_steps": 2, "guidance_scale": 4.0}
    request = make_request(sd15_engine, style, prompt="a (red:1.4) fox, " * 10, negative_prompt="[grey]", **numbers)
    encode = sd15_engine._conditioning.encode_prompt
    negative, prompt = encode.encode_pair(request.negative_prompt, request.styled_prompt).clone().split(1)
    pipeline = load_diffusers_sd15(sd15_folder)
    pipeline.set_ip_adapter_scale(request.conditioning.ip_adapter_scale)
    encoder_folder = sd15_folder / "ip_adapter" / "models" / "image_encoder"
    embedding = embed_style_by_diffusers(pipeline, encoder_folder, style.image)[None]
    expected = pipeline(
        prompt_embeds=prompt,
        negative_prompt_embeds=negative,
        image=Image.fromarray(request.edges.pixels).convert("RGB"),
        width=request.width,
        height=request.height,
        **numbers,
        controlnet_conditioning_scale=float(request.conditioning.controlnet_conditioning_scale),
        ip_adapter_image_embeds=[torch.cat([torch.zeros_like(embedding), embedding])],
        generator=torch.Generator().manual_seed(request.sampling.seed),
    ).images[0]
    drawn = np.asarray(sd15_engine.draw(request).images[0]).astype(int)
    assert np.abs(drawn - np.asarray(expected)).max() <= 1
    plain = make_request(sd15_engine, style, prompt="a red fox, " * 10, negative_prompt="grey", **numbers)
    assert np.abs(drawn - np.asarray(sd15_engine.draw(plain).images[0])).max() > 1


def test_many_threads_may_ask_at_once(counting):
    expected = {f"prompt {n}": counting(f"prompt {n}").clone() for n in range(8)}
    wrong = []

    def ask():
        for prompt, value in expected.items():
            counting.describe_cut(prompt * 10)
            if not torch.equal(counting(prompt), value):
                wrong.append(prompt)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_sentence_has_one_vector_however_many_are_asked_for(packaged_words):
    encoder = PromptEncoder(packaged_words._tokenizer, packaged_words._text_encoder)
    roof, door = encoder.encode_sentences(["roof", "green door"])
    assert roof.shape == (384,) and np.linalg.norm(roof) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(encoder.encode_sentences(["green door"])[0], door) and not np.allclose(roof, door, atol=0.05)
