from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.styles.refusals import split_refused


@pytest.mark.parametrize(
    ("prompt", "refused"),
    [
        ("a fox, not watercolor", ("watercolor",)),
        ("a fox, no watercolour", ("watercolor",)),
        ("a fox without watercolor", ("watercolor",)),
        ("oil instead of ink", ("ink",)),
        ("any style except manga", ("manga",)),
        ("any look other than low poly", ("low poly",)),
        ("anything but pixel art, a fox", ("pixel art",)),
        ("a fox, not in the style of watercolor", ("watercolor",)),
        ("a fox that is not painted in watercolor, please", ("watercolor",)),
        ("don't use watercolor, a cat", ("watercolor",)),
        ("a fox, avoid manga", ("manga",)),
        ("no watercolor or ink, a dog", ("watercolor", "ink")),
        ("not a watercolor and not an oil painting", ("watercolor", "oil painting")),
        ("instead of watercolor use oil", ("watercolor",)),
        ("a fox, not watercolor but charcoal", ("watercolor",)),
        ("a fox without a hat in watercolor", ("hat",)),
        ("a dog, no longer sad", ()),
        ("not only a fox", ()),
        ("knots in a rope", ()),
    ],
)
def test_what_is_refused(prompt: str, refused: tuple[str, ...]) -> None:
    assert split_refused(prompt)[1] == refused


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a fox without a hat in watercolor", "watercolor"),
        ("a fox, not watercolor but charcoal", "charcoal"),
        ("instead of watercolor use oil", "oil"),
    ],
)
def test_what_is_wanted_stays(prompt: str, words: str) -> None:
    assert words in split_refused(prompt)[0]


@given(
    st.lists(st.sampled_from(["not", "a", "fox,", "in", "no", "watercolor", "but", "without", "or", "."])).map(" ".join)
)
def test_any_prompt_is_split(prompt: str) -> None:
    wanted, refused = split_refused(prompt)
    assert len(wanted) <= len(prompt) + 2 * len(refused) + 2 and all(refused)
