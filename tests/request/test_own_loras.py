"""LoRAs as an input and as tags in a prompt, and what other programs note of them."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET, SD15
from pipeline.request.foreign_data import read_foreign_data
from pipeline.request.generation_data import read_generation_data
from pipeline.request.order import parse_order
from pipeline.request.own_loras import LoraWish, parse_loras, take_data_tags, take_tags, write_loras
from tests.request.test_foreign_data import make_graph
from tests.request.test_order import SKETCH


def names(wishes: tuple[LoraWish, ...]) -> list[tuple[str, float]]:
    return [(each.name, each.weight) for each in wishes]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, []),
        ("", []),
        ("ink", [("ink", 1.0)]),
        ("ink:0.8, glow:-0.5", [("ink", 0.8), ("glow", -0.5)]),
        ("My LoRA v1.5:2", [("My LoRA v1.5", 2.0)]),
        ("ink:0.8,INK:0.2", [("INK", 0.2)]),
    ],
)
def test_names_and_weights_are_read(written: object, read: list[tuple[str, float]]) -> None:
    assert names(parse_loras(written)) == read
    assert names(parse_loras(write_loras(tuple(read)))) == read


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (3, "a number came"),
        (["ink"], "a list came"),
        (":1", "LoRAs are written as"),
        ("ink:much", "'much' came"),
        ("ink:nan", "from -4 to 4; nan came"),
        ("ink:9", "from -4 to 4; 9.0 came"),
        ("x" * 5000, "at most 200 characters"),
        (",".join(f"l{n}" for n in range(9)), "at most 8 LoRAs; 9 came"),
    ],
)
def test_what_is_no_lora_is_refused(written: object, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        parse_loras(written)


def test_tags_leave_a_prompt_and_keep_their_weights() -> None:
    text, wishes = take_tags("a fox, <lora:ink:0.8>, <lyco: glow > in <lora:two:0.3:0.6> snow, embedding:easy <b:c>")
    assert str(text).split() == ["a", "fox,", "in", "snow,", "easy", "<b:c>"]
    assert names(wishes) == [("ink", 0.8), ("glow", 1.0), ("two", 0.6)]
    assert not any(each.is_asked for each in wishes)
    assert take_tags(7) == (7, ())
    with pytest.raises(SettingError, match="'x' came"):
        take_tags("<lora:ink:x>")


@pytest.mark.parametrize(
    ("tag", "weight", "unread"),
    [
        ("<lora:ink:1:lbw=MIDD>", 1.0, "lbw=MIDD"),
        ("<lora:ink:0.7:MIDD>", 0.7, "MIDD"),
        ("<lora:ink:1:1:lbw=1,0,0,1:stop=12>", 1.0, "lbw=1,0,0,1:stop=12"),
        ("<lora:ink:0.8:0.6>", 0.6, "te=0.8"),
        ("<lora:ink:0.8:0.8>", 0.8, ""),
        ("<lora:ink:te=0.3:unet=0.9>", 0.9, "te=0.3"),
        ("<lora:ink:0.5:unet=0.9:dyn=64>", 0.9, "te=0.5:dyn=64"),
        ("<lora:ink:0.5:0.5:64>", 0.5, "64"),
        ("<lora:ink:1:1:1>", 1.0, "1"),
        ("<lora:ink:>", 1.0, ""),
    ],
)
def test_what_extensions_add_to_a_tag_is_kept_apart_from_its_weight(tag: str, weight: float, unread: str) -> None:
    text, (wish,) = take_tags(f"a fox {tag}")
    assert (str(text).strip(), wish) == ("a fox", LoraWish("ink", weight, is_asked=False, unread=unread))


def test_pasted_data_brings_its_loras_with_their_hashes() -> None:
    text = 'a fox <lora:ink:0.7>\nSteps: 9, Sampler: Euler, Lora hashes: "ink: 1a2b3c4d5e6f, b: 77", Version: v1.9'
    order = parse_order(SD15, sketch=SKETCH, prompt=text, loras="glow:0.5")
    assert order.prompt.text == "a fox"
    assert order.loras == (LoraWish("glow", 0.5), LoraWish("ink", 0.7, "1a2b3c4d5e6f", is_asked=False))
    assert not any("hashes" in notice or "LoRA" in notice for notice in order.notices)
    data = read_generation_data(text)
    assert data is not None
    plain, wishes = take_data_tags(data)
    assert (plain.prompt, wishes) == ("a fox", order.loras[1:])
    assert "Lora hashes" not in plain.others


def test_the_pocket_model_says_that_it_takes_none() -> None:
    order = parse_order(POCKET, sketch=SKETCH, prompt="a fox <lora:ink:0.7>")
    assert order.loras == ()
    assert any("<lora:ink:0.7> was left out" in notice for notice in order.notices)
    asked = parse_order(POCKET, sketch=SKETCH, loras="ink:0.5,glow")
    assert (asked.loras, asked.notices) == ((), ("The pocket model takes no LoRAs: “ink”, “glow” left out.",))


def test_loras_of_other_programs_become_tags() -> None:
    inputs = {"lora_name": "sub/ink.safetensors", "strength_model": 0.6}
    graph = make_graph(**{"99": {"class_type": "LoraLoader", "inputs": inputs}})
    found = read_foreign_data({"prompt": json.dumps(graph)})
    assert found is not None and "<lora:ink:0.6>" in found[1].prompt
    noted = {"positive_prompt": "a fox", "loras": [{"model": {"name": "glow"}, "weight": 0.75}, {"model": 3}, 7]}
    found = read_foreign_data({"invokeai_metadata": json.dumps(noted)})
    assert found is not None and found[1].prompt == "a fox <lora:glow:0.75>"
