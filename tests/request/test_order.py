from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.controls import CONTROL_BY_NAME, CONTROLS, SEED_LIMIT
from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.profile import ModelProfile
from pipeline.picture.setting_text import flatten_settings
from pipeline.prompt_syntax import PROMPT_LIMIT, Prompt
from pipeline.request.completion import build_request
from pipeline.request.order import (
    AUTO,
    parse_count,
    parse_number,
    parse_order,
    resolve_seed,
)
from pipeline.request.words import clean_words, parse_prompt
from pipeline.values import EdgeMap, Sketch, Style, StyleMix

SKETCH = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)
ENGINE_CONTROLS = [control.name for control in CONTROLS]


def make_order(**raw: Any) -> Any:
    return parse_order(POCKET, sketch=SKETCH, **raw)


@pytest.mark.parametrize("profile", [POCKET, SD15], ids=lambda profile: profile.name)
def test_an_order_without_numbers_takes_the_profiles(profile: ModelProfile) -> None:
    made = parse_order(profile, sketch=SKETCH, prompt="a fox")
    assert made.sampling.num_inference_steps == profile.defaults["num_inference_steps"]
    assert made.sampling.guidance_scale == profile.defaults["guidance_scale"]
    assert (made.canny_low, made.canny_high) == (50, 150)
    assert (made.style, made.reading) == ((), AUTO) and 0 <= made.sampling.seed <= SEED_LIMIT


@pytest.mark.parametrize("name", ENGINE_CONTROLS)
@pytest.mark.parametrize(
    "wrong",
    [
        math.nan,
        math.inf,
        -math.inf,
        1e300,
        -1e300,
        10**5000,
        -(10**5000),
        -2,
        True,
        False,
        "7",
        "abc",
        "",
        [],
        {},
        [7],
        b"7",
        1 + 2j,
    ],
    ids=lambda wrong: f"int{wrong.bit_length()}" if isinstance(wrong, int) else f"{type(wrong).__name__}{wrong}"[:12],
)
def test_a_wrong_number_is_named(name: str, wrong: object) -> None:
    with pytest.raises(SettingError) as raised:
        make_order(**{name: wrong})
    assert name in str(raised.value) and "number from" in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_both_ends_of_a_range_are_allowed_and_no_more(control: Any) -> None:
    for edge in (control.minimum, control.maximum):
        assert parse_number(control.name, edge, POCKET.defaults) == edge
    for beyond in (control.minimum - 1, control.maximum + 1):
        with pytest.raises(SettingError):
            parse_number(control.name, beyond, POCKET.defaults)


@pytest.mark.parametrize("control", [c for c in CONTROLS if c.whole], ids=lambda control: control.name)
def test_whole_numbers_are_whole(control: Any) -> None:
    with pytest.raises(SettingError, match="whole number"):
        parse_number(control.name, 2.5, POCKET.defaults)
    assert isinstance(parse_number(control.name, 2.0, POCKET.defaults), int)


def test_equal_numbers_make_equal_orders() -> None:
    assert make_order(guidance_scale=3, seed=1).sampling == make_order(guidance_scale=3.0, seed=1.0).sampling
    minus_zero = make_order(ip_adapter_scale=-0.0).conditioning.ip_adapter_scale
    assert math.copysign(1, minus_zero) == 1


def test_thresholds_in_the_wrong_order() -> None:
    with pytest.raises(SettingError, match="canny_low.*150 and 50"):
        make_order(canny_low=150, canny_high=50)
    assert make_order(canny_low=80, canny_high=80).canny_low == 80


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"canny_low": -1}, "canny_low"),
        ({"canny_high": 256}, "canny_high"),
        ({"canny_low": math.nan}, "canny_low"),
        ({"canny_low": "50"}, "canny_low"),
        ({"canny_low": 1.5}, "canny_low"),
        ({"canny_high": True}, "canny_high"),
        ({"reading": ""}, "auto, lines, canny"),
    ],
)
def test_wrong_readings_and_thresholds_are_refused_by_name(choices: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        make_order(**choices)


def test_one_threshold_is_compared_with_the_others_default() -> None:
    with pytest.raises(SettingError, match="200 and 150"):
        make_order(canny_low=200)


def test_prompts_have_a_limit() -> None:
    assert make_order(prompt="x" * PROMPT_LIMIT).prompt == Prompt("x" * PROMPT_LIMIT)
    for name in ("prompt", "negative_prompt"):
        with pytest.raises(SettingError, match="at most 1,000 characters; 1,001 came"):
            make_order(**{name: "x" * (PROMPT_LIMIT + 1)})


def test_a_prompt_that_grows_when_normalised_is_refused() -> None:
    grows = "\u0958" * PROMPT_LIMIT  # one letter whose normal form is two
    with pytest.raises(SettingError, match="2,000 came"):
        make_order(prompt=grows)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  a  red\n\tfox ", "a red fox"),
        ("a\0b", "a b"),
        ("half \ud83d a smile", "half a smile"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("\u72d0\u72f8 \U0001f98a", "\u72d0\u72f8 \U0001f98a"),
        ("", ""),
        (None, ""),
    ],
)
def test_words_are_cleaned(typed: object, read: str) -> None:
    assert parse_prompt("The prompt", typed).text == read


@given(st.text(max_size=200))
def test_clean_words_stay_as_they_are_and_can_be_encoded(typed: str) -> None:
    once = clean_words(typed)
    assert clean_words(once) == once
    once.encode("utf-8")


@pytest.mark.parametrize("wrong", [7, 1.5, True, ["a"], {"a": 1}, b"a"])
@pytest.mark.parametrize("name", ["prompt", "negative_prompt", "style", "reading"])
def test_words_of_another_kind_are_named(name: str, wrong: object) -> None:
    with pytest.raises(SettingError, match="came"):
        make_order(**{name: wrong})


def test_readings_are_listed() -> None:
    with pytest.raises(SettingError, match="auto, lines, canny; 'hed' came"):
        make_order(reading="hed")


def test_a_long_style_id_is_refused_before_any_look_up() -> None:
    with pytest.raises(SettingError, match="at most 100"):
        make_order(style="x" * 101)


def test_a_misspelt_input_is_an_error() -> None:
    with pytest.raises(TypeError, match="guidence_scale"):
        make_order(guidence_scale=3)


def test_a_count_is_whole_and_within_its_range() -> None:
    assert parse_count("k", 5, 1, 40) == 5
    for wrong in (0, 41, 1.5, "5", None, math.nan, 10**5000):
        with pytest.raises(SettingError, match=r"\(k\) is a whole number from 1 to 40"):
            parse_count("k", wrong, 1, 40)


def test_seeds() -> None:
    assert resolve_seed(0) == 0 and resolve_seed(SEED_LIMIT) == SEED_LIMIT
    drawn = {resolve_seed(-1) for _ in range(64)}
    assert len(drawn) > 60 and all(0 <= seed <= SEED_LIMIT for seed in drawn)


def test_a_request_carries_the_order_and_the_size_of_its_edges() -> None:
    edges = EdgeMap(np.zeros((64, 128), np.uint8), "lines")
    style = Style("ice", "Ice", (), "{prompt}, ice", "CC0-1.0", "", "0" * 64, image=cast(Any, SimpleNamespace()))
    made = build_request(make_order(prompt="a fox", guidance_scale=3, seed=9), edges, StyleMix.of(style))
    again = build_request(make_order(prompt=" a  fox ", guidance_scale=3.0, seed=9), edges, StyleMix.of(style))
    assert made == again
    assert (made.width, made.height, made.engine, made.sampling.seed) == (128, 64, POCKET.name, 9)
    assert made.styled_prompt.written == "a fox, ice"


def test_every_control_of_the_table_is_an_order_field() -> None:
    made = make_order()
    assert set(CONTROL_BY_NAME) <= {*flatten_settings(made), *made.__dataclass_fields__}


@pytest.mark.parametrize(("name", "what"), [("prompt", "The prompt: A weight"), ("negative_prompt", "The negative pr")])
def test_weights_that_cannot_be_are_refused_before_anything_runs(name: str, what: str) -> None:
    with pytest.raises(SettingError, match=f"^{what}.*“fox” has nan"):
        make_order(**{name: "a (fox:nan)"})
    assert getattr(make_order(**{name: "a (fox:1.2) [b] :("}), name).text == "a (fox:1.2) [b] :("  # as typed


def test_the_templates_brackets_weigh_nothing() -> None:
    style = Style(
        "old",
        "Old",
        (),
        "photo (1970s) of {prompt}, [grainy]",
        "CC0-1.0",
        "",
        "0" * 64,
        image=cast(Any, SimpleNamespace()),
    )
    edges = EdgeMap(np.zeros((64, 64), np.uint8), "lines")
    request = build_request(make_order(prompt="a (red:1.5) fox"), edges, StyleMix.of(style))
    assert [(part.text, part.weight) for part in request.styled_prompt.parts] == [
        ("photo (1970s) of a ", 1),
        ("red", 1.5),
        (" fox, [grainy]", 1),
    ]


def test_a_variation_has_a_seed_only_where_it_has_a_strength() -> None:
    assert make_order(seed=3, variation_seed=8).sampling.variation_seed == 0
    varied = make_order(seed=3, variation_seed=8, variation_strength=0.3).sampling
    assert (varied.seed, varied.variation_seed, varied.variation_strength) == (3, 8, 0.3)
    drawn = {make_order(seed=3, variation_strength=0.3).sampling.variation_seed for _ in range(4)}
    assert len(drawn) > 1 and min(drawn) >= 0
