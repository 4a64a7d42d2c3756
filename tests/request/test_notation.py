from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.controls import Shortcuts
from pipeline.errors import SettingError
from pipeline.request.notation import (
    MAX_STYLES,
    parse_mix,
    parse_palette,
    parse_shortcuts,
    write_mix,
    write_palette,
)

IDS = st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ghibli", (("ghibli", 1.0),)),
        ("ghibli:0.6,comic:0.4", (("ghibli", 0.6), ("comic", 0.4))),
        (" ghibli : 3 , comic ", (("ghibli", 0.75), ("comic", 0.25))),
        ("a:1,b:1,a:2", (("a", 0.75), ("b", 0.25))),
        ("ghibli:7", (("ghibli", 1.0),)),
    ],
)
def test_styles_with_weights(written: str, read: Any) -> None:
    assert parse_mix(written) == read


@settings(max_examples=25)
@given(st.dictionaries(IDS, st.floats(0.001, 1000), min_size=1, max_size=MAX_STYLES))
def test_a_mix_reads_back_to_the_last_digit(weights: dict[str, float]) -> None:
    once = parse_mix(",".join(f"{id}:{weight!r}" for id, weight in weights.items()))
    assert math.isclose(math.fsum(weight for _, weight in once), 1.0, abs_tol=1e-9)
    assert parse_mix(write_mix(once)) == once


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (",", "ghibli:0.6,comic:0.4"),
        ("a,", "came"),
        (":1", "came"),
        ("a:x", "weight of the style 'a'"),
        ("a:0", "above 0"),
        ("a:-1", "above 0"),
        ("a:nan", "above 0"),
        ("a:inf", "at most 1000"),
        ("a:1:2", "weight"),
        (",".join("abcdefghi"), "at most 8 styles; 9 came"),
        ("x" * 101, "at most 100"),
        ("x" * 10**6, "1,000,000"),
    ],
)
def test_wrong_mixes_are_named(written: str, message: str) -> None:
    with pytest.raises(SettingError, match=message) as raised:
        parse_mix(written)
    assert len(str(raised.value)) < 200


def test_levers_change_what_they_name() -> None:
    usual = Shortcuts(guidance_end=0.5)
    assert parse_shortcuts(None, usual) == parse_shortcuts("", usual) == parse_shortcuts({}, usual) == usual
    assert parse_shortcuts({"controlnet_every": 2.0}, usual) == Shortcuts(guidance_end=0.5, controlnet_every=2)
    assert parse_shortcuts('{"guidance_end": 1}', usual) == Shortcuts()
    assert repr(parse_shortcuts({"guidance_end": 1}, usual)) == repr(Shortcuts())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (7, "object"),
        ([], "object"),
        (True, "object"),
        ("[1]", "object"),
        ("{", "not JSON"),
        ("[" * 1900, "not JSON"),
        ("x" * 3000, "2,000 characters"),
        ({"guidence_end": 1}, "guidance_start, guidance_end.*guidence_end"),
        ({"guidance_end": 1.5}, "from 0 to 1; 1.5 came"),
        ({"guidance_end": math.nan}, "nan came"),
        ({"guidance_end": "1"}, "str came"),
        ({"guidance_end": True}, "bool came"),
        ({"guidance_end": None}, "NoneType"),
        ({"controlnet_every": 2.5}, "whole number"),
        ({"controlnet_every": 10**400}, "too many digits"),
        ({"controlnet_half": "left"}, "both, shared, conditional; 'left' came"),
        ({"decoder": 7}, "int came"),
        ({"few_steps": ["lcm"]}, "list came"),
        ({"guidance_start": 0.8, "guidance_end": 0.2}, "may not lie above"),
        ({1: 2}, "'1' came"),
    ],
)
def test_wrong_levers_are_named(given: object, message: str) -> None:
    with pytest.raises(SettingError, match=message) as raised:
        parse_shortcuts(given, Shortcuts())
    assert len(str(raised.value)) < 300


@settings(max_examples=25)
@given(st.dictionaries(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), st.floats(0.001, 1000), min_size=1, max_size=8))
def test_a_palette_reads_back_to_the_last_digit(shares: dict[str, float]) -> None:
    once = parse_palette(",".join(f"{colour}:{share!r}" for colour, share in shares.items()))
    assert math.isclose(math.fsum(share for _, share in once), 1.0, abs_tol=1e-9)
    assert [colour for colour, _ in once] == list(shares)
    assert parse_palette(write_palette(once)) == once


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (7, "a number came"),
        ("#12345", "'#12345' came"),
        ("#d9452f,", "'' came"),
        ("red", "'red' came"),
        ("#d9452f:0", "weight of the colour '#d9452f'"),
        ("#d9452f:nan", "weight of the colour"),
        (",".join(["#d9452f"] * 9), "at most 8"),
        ("#d9452f:" + "1" * 10_000, "at most 8"),
    ],
)
def test_what_is_no_palette(written: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message) as raised:
        parse_palette(written)
    assert len(str(raised.value)) < 200
    assert parse_palette(None) == parse_palette("") == ()
