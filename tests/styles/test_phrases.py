from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.styles.phrases import PIECE_LIMIT, PIECE_WORDS, WHOLE_LIMIT, normalise, split_prompt


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  A Cat\n in WATERCOLOUR ", "a cat in watercolor"),
        ("grey colours", "gray colors"),
        ("colourful, moulded", "colorful, molded"),
        ("Dürer's ölfarben", "dürer's ölfarben"),
        ("", ""),
        ("gas", "gas"),
    ],
)
def test_spelling(text: str, plain: str) -> None:
    assert normalise(text) == plain


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a cat in watercolour", "watercolor"),
        ("a felt fox", "felt"),
        ("a castle made of ice", "made of ice"),
        ("an eagle burnt into wood", "burnt into wood"),
        ("a boat, aquarelle", "aquarelle"),
        ("a lizard like Gaudí's in Park Güell, broken tiles", "broken tiles"),
        ("a fox (low poly)", "low poly"),
        ("a dog - pop art", "pop art"),
    ],
)
def test_the_look_is_a_piece_of_its_own(prompt: str, said: str) -> None:
    assert said in split_prompt(prompt)


def test_the_whole_comes_first_and_no_piece_twice() -> None:
    found = split_prompt("Watercolour, watercolor, WATERCOLOR")
    assert found[0] == "watercolor, watercolor, watercolor"
    assert len(set(found)) == len(found)


def test_names_said_anywhere_are_pieces() -> None:
    prompt = "a very detailed and lovely old film noir looking hat on one chair"
    assert "film noir" not in split_prompt(prompt)
    assert split_prompt(prompt, {"film noir", "hat", "noir looking coat"})[1:3] == ("film noir", "hat")


def test_nothing_said() -> None:
    assert split_prompt("") == split_prompt(" \n ") == ("",)
    assert split_prompt("of the in") == ("of the in",)
    assert split_prompt("?!...")[0] == "?!..."


WORDS = st.sampled_from(["a", "fox", "in", "of,", "made", "neon", ".", "-"])


@given(st.text(max_size=300) | st.lists(WORDS, max_size=200).map(" ".join))
def test_any_prompt_has_few_short_pieces(prompt: str) -> None:
    found = split_prompt(prompt)
    assert 1 <= len(found) <= PIECE_LIMIT
    assert len(found[0].split()) <= WHOLE_LIMIT
    assert all(1 <= len(piece.split()) <= PIECE_WORDS for piece in found[1:])
