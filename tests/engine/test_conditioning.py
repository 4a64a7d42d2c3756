from __future__ import annotations

import pytest

from pipeline.engine.engine import Engine
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request

LONG = "fox " * 40  # words; the text encoder from a package reads 30


@pytest.mark.parametrize(
    ("prompt", "negative", "guidance", "told"),
    [
        ("a fox", "", 1.2, []),
        ("a fox", "blur", 1.2, []),
        (LONG, "", 1.0, ["The model reads the first 30 of these 40 words"]),
        ("a fox", "blur", 1.0, ["What should not be in the picture was not read"]),
        ("a fox", "   ", 1.0, []),
        ("a fox", LONG, 1.2, ["Of the words for what is not in the picture: the model reads the first 30"]),
        ("a fox", LONG, 1.0, ["What should not be in the picture was not read"]),
        (LONG, LONG, 1.2, ["The model reads the first 30", "Of the words for what is not in the picture: the model"]),
    ],
)
def test_words_that_are_not_read_are_told(
    packaged_engine: Engine,
    make_style: MakeStyle,
    prompt: str,
    negative: str,
    guidance: float,
    told: list[str],
) -> None:
    request = make_request(
        packaged_engine, make_style("plain"), prompt=prompt, negative_prompt=negative, guidance_scale=guidance
    )
    notices = packaged_engine.draw(request).notices
    assert len(notices) == len(told)
    assert all(notice.startswith(start) for notice, start in zip(notices, told, strict=True))
