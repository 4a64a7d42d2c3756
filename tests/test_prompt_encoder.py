import threading

import pytest
import torch

from pipeline.prompt_encoder import REMEMBERED, PromptEncoder


@pytest.fixture(scope="module")
def pocket_words(pocket_engine):
    return pocket_engine._encode_prompt


def test_a_prompt_is_encoded_as_diffusers_does(pocket_words, pocket_folder):
    from tests.oracle import stock_pocket

    expected, negative = stock_pocket(pocket_folder).encode_prompt("a red fox", torch.device("cpu"), 1, True, "grey")
    torch.testing.assert_close(pocket_words("a red fox"), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(pocket_words("grey"), negative, atol=1e-5, rtol=0)
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
def counting(pocket_words):
    return PromptEncoder(pocket_words._tokenizer, CountingEncoder())


def test_a_prompt_is_encoded_once(counting):
    assert torch.equal(counting("a fox"), counting("a fox"))
    assert counting._text_encoder.calls == 1


def test_the_prompt_used_longest_ago_is_forgotten_first(counting):
    counting("kept")
    for number in range(REMEMBERED):
        counting("kept")
        counting(f"other {number}")
    calls = counting._text_encoder.calls
    counting("kept")
    assert counting._text_encoder.calls == calls
    counting("other 0")
    assert counting._text_encoder.calls == calls + 1
    assert len(counting._known) == REMEMBERED


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
def test_notice_counts_whole_words(pocket_words, prompt, read):
    notice = pocket_words.notice(prompt)
    if read is None:
        assert notice is None
    else:
        assert notice.startswith(f"The model reads the first {read} of these {len(prompt.split())} words;")


def test_notice_quotes_the_last_words_that_are_read(pocket_words):
    words = [f"{letter}{digit}" for letter in "abcdefgh" for digit in range(10)]
    notice = pocket_words.notice(" ".join(words))
    read = int(notice.split()[5])
    assert f"“{' '.join(words[read - 3:read])}”" in notice


def test_a_single_endless_word_is_no_crash(pocket_words):
    assert "first 0 of these 1 words" in pocket_words.notice("xq" * 49)


def test_many_threads_may_ask_at_once(counting):
    expected = {f"prompt {n}": counting(f"prompt {n}").clone() for n in range(8)}
    wrong = []

    def ask():
        for prompt, value in expected.items():
            counting.notice(prompt * 10)
            if not torch.equal(counting(prompt), value):
                wrong.append(prompt)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
