"""Ten more prompts of each kind of the shared cases; at least nine are taken rightly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.models.catalog import SD15
from pipeline.models.own_files import OwnFiles
from pipeline.request.order import Order, parse_order
from pipeline.settings import Settings
from pipeline.studio.own_weights import find_weights
from pipeline.studio.studio import Studio
from pipeline.studio.style_choice import NO_STYLE_NAMED
from pipeline.values import Sketch

pytestmark = pytest.mark.slow
SHEET = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)
THINGS = ("house", "fox", "boat", "cat", "tree", "car", "teapot", "castle", "bird", "fish")
STYLES = {  # what words in other languages name
    "ein Fuchs als Aquarell": "watercolor",
    "une maison à l'aquarelle": "watercolor",
    "un gato en acuarela": "watercolor",
    "una barca ad acquerello": "watercolor",
    "um gato em aquarela": "watercolor",
    "een huis in waterverf": "watercolor",
    "дом акварелью": "watercolor",
    "水彩画の家": "watercolor",
    "水彩画风格的房子": "watercolor",
    "수채화 집": "watercolor",
}


def order(prompt: str) -> Order:
    return parse_order(SD15, sketch=SHEET, prompt=prompt)


def is_told_and_not_read(prompt: str, syntax: str, thing: str) -> bool:
    found = order(prompt)
    own = find_weights(OwnFiles(()), found.engine, found.loras, (found.prompt,))  # a tag's LoRA may be a person's own
    return bool(found.notices or own.notices) and syntax not in found.prompt.text and thing in found.prompt.text


def list_foreign_syntax() -> dict[str, list[tuple[str, str, str]]]:
    """List prompts by kind, each with the syntax that may not be read and the thing that must be."""
    return {
        "lora": [(f"a {thing} <lora:{thing}_v{n}:0.{n}>", "<lora", thing) for n, thing in enumerate(THINGS, 1)],
        "lora with a style's name": [
            (f"a {thing}, <lora:watercolor_{n}:1>", "watercolor", thing) for n, thing in enumerate(THINGS)
        ],
        "break": [(f"a red {thing} BREAK a blue sky, {n} clouds", "BREAK", thing) for n, thing in enumerate(THINGS)],
        "alternation": [(f"a [red|blue] {thing}, {n} trees", "|", thing) for n, thing in enumerate(THINGS)],
        "editing": [(f"a [red:blue:0.{n}5] {thing}", f"0.{n}5", thing) for n, thing in enumerate(THINGS)],
        "wildcard": [(f"a {thing} in __place{n}__", "__", thing) for n, thing in enumerate(THINGS)],
        "choice": [(f"a {{small|large}} {thing} {n}", "{", thing) for n, thing in enumerate(THINGS)],
    }


@pytest.mark.parametrize("kind", list_foreign_syntax())
def test_foreign_syntax_is_told_and_not_read(kind: str) -> None:
    prompts = list_foreign_syntax()[kind]
    assert len(prompts) == 10 and sum(is_told_and_not_read(*each) for each in prompts) >= 9


def test_generation_data_is_taken_apart() -> None:
    right = 0
    for n, thing in enumerate(THINGS):
        found = order(
            f"a {thing}\nNegative prompt: blurry {n}\nSteps: {10 + n}, Sampler: Euler a, CFG scale: {5 + n / 2:g}, "
            f"Seed: {1000 + n}, Size: 512x{512 + 64 * (n % 3)}, Model: dreamer"
        )
        sampling = found.sampling
        right += (found.prompt.text, found.negative_prompt.text) == (f"a {thing}", f"blurry {n}") and (
            (sampling.num_inference_steps, sampling.seed, sampling.guidance_scale, found.height)
            == (10 + n, 1000 + n, 5 + n / 2, 512 + 64 * (n % 3))
        )
    assert right >= 9


@pytest.mark.parametrize(
    ("before", "point", "after"), [("(", ",", ")"), ("（", ".", "）")], ids=["comma", "full width"]
)
def test_other_commas_and_brackets_weigh(before: str, point: str, after: str) -> None:
    right = 0
    for n, thing in enumerate(THINGS, 1):
        colon = ":" if before == "(" else "："
        parts = order(f"{before}red {thing}{colon}1{point}{n % 9 + 1}{after}").prompt.parts
        right += [(part.text, part.weight) for part in parts] == [(f"red {thing}", 1 + (n % 9 + 1) / 10)]
    assert right >= 9


def test_seeds_beyond_the_limit_are_refused_readably() -> None:
    right = 0
    for n in range(10):
        with pytest.raises(SettingError) as refused:
            parse_order(SD15, sketch=SHEET, seed=2**32 + 7 * 10**n)
        right += "from -1 to 4,294,967,295" in str(refused.value) and str(2**32 + 7 * 10**n) in str(refused.value)
    assert right == 10


@pytest.fixture(scope="module")
def find_style(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what gives the id of the style that words choose, "" where they name none."""
    studio = Studio(Settings(profile="pocket", device="cpu", user_dir=tmp_path_factory.mktemp("user")))

    def find(prompt: str) -> str:
        choice = studio.choose_style(order(prompt))
        return "" if NO_STYLE_NAMED in choice.notices else choice.mix.parts[0][0].id

    return find


@pytest.mark.parametrize(
    "pattern",
    ["a {}, (watercolor:0)", "a {}, not watercolor", "a {} without any watercolor", "a {}, no watercolour please"],
)
def test_what_is_refused_chooses_no_style(find_style: Callable[[str], str], pattern: str) -> None:
    assert sum(find_style(pattern.format(thing)) != "watercolor" for thing in THINGS) >= 9


def test_other_languages_find_their_style(find_style: Callable[[str], str]) -> None:
    assert sum(find_style(words) == style for words, style in STYLES.items()) >= 9
