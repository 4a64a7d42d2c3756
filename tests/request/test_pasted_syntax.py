from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingError
from pipeline.request.pasted_syntax import take_out_syntax
from pipeline.request.words import parse_prompt, read_prompt

DONE = [  # read as its author meant
    ("（red house：1.3）", "(red house:1.3)"),
    ("（red house：１．３）", "(red house:1.3)"),
    ("［red］ fox", "[red] fox"),
    ("(red house:1,3)", "(red house:1.3)"),
    ("(red house: 0,8 ), fog", "(red house:0.8), fog"),
    ("{red} fox", "(red:1.05) fox"),
    ("(red fox)1.2 at night", "(red fox:1.2) at night"),
    ("a red++ fox", "a (red:1.21) fox"),
    ("a (red fox)- here", "a (red fox:0.91) here"),
]
TOLD = [  # left out or read simply, with a notice
    ("a red house <lora:add_detail:0.8>", "a red house", "<lora:add_detail:0.8>"),
    ("a red house <lora:watercolor_v2:0.8>", "a red house", "<lora:watercolor_v2:0.8>"),
    ("<hypernet:ghibli:1>, a cat", "a cat", "<hypernet:ghibli:1>"),
    ("<lyco:x:0.5> <lora:y:1> a cat", "a cat", "<lyco:x:0.5>, <lora:y:1>"),
    ("a cat, embedding:EasyNegative, fog", "a cat, fog", "embedding:EasyNegative"),
    ("a red house BREAK a green tree", "a red house , a green tree", "BREAK"),
    ("a cat AND a dog", "a cat, a dog", "AND"),
    ("a cat :1.2 AND a dog :0.8", "a cat, a dog :0.8", "AND"),
    ("a __color__ house", "a house", "__color__"),
    ("a __animals/big*__ house", "a house", "__animals/big*__"),
    ("a [red|blue] house", "a red house", "[red|blue]"),
    ("a [red|blue|green] house", "a red house", "[red|blue|green]"),
    ("a [red:blue:0.5] house", "a red house", "[red:blue:0.5]"),
    ("a [red:blue:0.2] house", "a blue house", "[red:blue:0.2]"),
    ("a [fog:0.4] house", "a fog house", "[fog:0.4]"),
    ("a [fog::0.4] house", "a fog house", "[fog::0.4]"),
    ("a {red|blue} house", "a red house", "{red|blue}"),
    ("a {2$$red|blue} house", "a red house", "{2$$red|blue}"),
    ("a {red|{blue|green}} house", "a red house", "{blue|green}"),
    ("a house --ar 16:9 --v 6", "a house", "--ar 16:9, --v 6"),
    ("a house --no watercolor", "a house", "--no watercolor"),
    ("a house --no fog, rain --ar 3:2", "a house", "--no fog, rain, --ar 3:2"),
    ("a ［red｜blue］ house", "a red house", "[red|blue]"),
]
PLAIN = [
    "a red fox",
    "a (red:1.3) fox",
    "[red] fox",
    r"a \[red|blue\] house",
    "BREAK THE WALL AND RUN",
    "rock and roll",
    "a smile :( and more",
    "time: 12:30",
    "a - b - c",
    "1 < 2 > 0",
    "snake_case and __",
    "100%, C++",
    "a fox —the red one",
    "a fox -- red",
    "(a:1:2)",
]


@pytest.mark.parametrize(("typed", "read"), DONE)
def test_what_can_be_done_is_done(typed: str, read: str) -> None:
    assert take_out_syntax(typed) == (read, ())


@pytest.mark.parametrize(("typed", "read", "named"), TOLD)
def test_what_cannot_be_done_is_told(typed: str, read: str, named: str) -> None:
    text, notices = take_out_syntax(typed)
    assert text == read and len(notices) == 1 and named in notices[0]


@pytest.mark.parametrize("typed", PLAIN)
def test_plain_words_stay(typed: str) -> None:
    assert take_out_syntax(typed) == (typed, ())


@given(st.text(alphabet="ab[]{}()|:.,1_<>+- AND", max_size=40))
def test_any_text_is_read_or_refused(typed: str) -> None:
    try:
        prompt, notices = read_prompt("The prompt", typed)
    except SettingError:
        return
    assert all(notices) and parse_prompt("The prompt", typed) == prompt
