"""Values are counted before JSON is parsed: rightly, whatever stands in its strings, and within a second."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from pipeline import strict_json
from pipeline.strict_json import holds_more_values

SECONDS = 1.0  # of a core, for 40 MB
HOSTILE = {
    "commas in a string": b'["' + b"," * 39_000_000 + b'"]',
    "empty strings": b'"",' * 13_000_000,
    "strings without end": b'{"data":[' + b'",' * 12_000_000,
    "escaped quotes": b'{"data":["' + b'\\",' * 12_000_000 + b'"]}',
    "escaped strokes": b'["' + b"\\\\," * 13_000_000 + b'"]',
    "lists": b"[" + b"[]," * 13_000_000,
}


def make_value(draw: random.Random, depth: int) -> Any:
    """Make a value whose texts are of what stands between values."""
    kind = draw.randrange(4 if depth else 2)
    text = "".join(draw.choices('",\\[]{}:a\u00e9', k=draw.randrange(9)))
    if kind == 0:
        return text
    if kind == 1:
        return draw.choice((7, None, 0.5))
    inner = [make_value(draw, depth - 1) for _ in range(draw.randrange(6))]
    return inner if kind == 2 else {f"{text}{number}": each for number, each in enumerate(inner)}


def count_commas(value: Any) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return max(0, len(inner) - 1) + sum(map(count_commas, inner))


@pytest.mark.parametrize("piece", [1, 7, 4_000_000])
def test_commas_between_values_are_counted_and_no_others(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "PIECE", piece)
    draw = random.Random(5)
    for _ in range(300):
        value = make_value(draw, 4)
        text, count = json.dumps(value, ensure_ascii=draw.random() < 0.5).encode(), count_commas(value)
        assert not holds_more_values(text, count), text
        assert count == 0 or holds_more_values(text, count - 1), text


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_body_takes_a_second(text: bytes) -> None:
    best = SECONDS
    for _ in range(3):
        began = time.process_time()
        holds_more_values(text, 20_000)
        best = min(best, time.process_time() - began)
    assert best < SECONDS
