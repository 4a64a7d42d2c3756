"""What other programs note in their pictures is read: words, numbers, sampler, and what has no place here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.request.foreign_data import name_sampler, read_foreign_data

A1111 = """a fox
Negative prompt: rain
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 7, Size: 512x768, Model: dreamer"""
FOOOCUS = {
    "prompt": "a fox",
    "negative_prompt": "rain",
    "steps": 30,
    "guidance_scale": 4.0,
    "seed": "1234",
    "sampler": "dpmpp_2m",
    "scheduler": "karras",
    "resolution": "(896, 1152)",
    "base_model": "juggernautXL",
    "version": "Fooocus v2.5.5",
}
INVOKE = {
    "positive_prompt": "a fox",
    "negative_prompt": "rain",
    "seed": 5,
    "steps": 25,
    "cfg_scale": 7.5,
    "scheduler": "euler_a",
    "width": 512,
    "height": 640,
    "model": {"name": "dreamshaper", "hash": "x"},
    "app_version": "4.2.0",
}
OLD_INVOKE = {
    "model_weights": "sd-1.5",
    "image": {
        "prompt": [{"prompt": "a fox", "weight": 1}],
        "steps": 50,
        "cfg_scale": 7.5,
        "seed": 9,
        "sampler": "k_lms",
    },
}
NOVELAI = {"prompt": "a fox", "uc": "rain", "steps": 28, "scale": 11, "seed": 3, "sampler": "k_euler_ancestral"}


def make_graph(**more: Any) -> dict[str, Any]:
    return {
        "3": {
            "class_type": "KSampler",
            "inputs": {
                "seed": 156680208700286,
                "steps": 20,
                "cfg": 8,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1,
                "model": ["4", 0],
                "positive": ["6", 0],
                "negative": ["7", 0],
                "latent_image": ["5", 0],
            },
        },
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 384, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "rain", "clip": ["4", 1]}},
    } | more


CONTROLLED = make_graph(
    **{
        "3": {
            "class_type": "KSamplerAdvanced",
            "inputs": {
                "noise_seed": ["20", 0],
                "steps": 12,
                "cfg": 5.5,
                "sampler_name": "dpmpp_2m",
                "scheduler": "karras",
                "positive": ["10", 0],
                "negative": ["10", 1],
                "latent_image": ["12", 0],
            },
        },
        "10": {"class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["6", 0], "negative": ["7", 0]}},
        "12": {"class_type": "LatentUpscale", "inputs": {"samples": ["5", 0]}},
        "20": {"class_type": "Seed", "inputs": {"seed": 77}},
        "21": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "model": ["4", 0]}},
    }
)
LINKED_WORDS = make_graph(
    **{
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["30", 0], "clip": ["4", 1]}},
        "30": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "a fox"}},
    }
)


@pytest.mark.parametrize(
    ("keyword", "note", "settings", "left_out"),
    [
        ("parameters", A1111, ("DPM++ 2M Karras", 20, 6.5, 7, 512, 768), "Model"),
        ("parameters", FOOOCUS, ("DPM++ 2M Karras", 30, 4.0, 1234, 896, 1152), "base_model"),
        ("prompt", make_graph(), ("Euler", 20, 8, 156680208700286, 512, 384), "CheckpointLoaderSimple"),
        ("prompt", CONTROLLED, ("DPM++ 2M Karras", 12, 5.5, 77, 512, 384), None),
        ("prompt", LINKED_WORDS, ("Euler", 20, 8, 156680208700286, 512, 384), "CheckpointLoaderSimple"),
        ("invokeai_metadata", INVOKE, ("Euler a", 25, 7.5, 5, 512, 640), "model"),
        ("Comment", NOVELAI, ("Euler a", 28, 11, 3, None, None), None),
        (
            "dream",
            '"a fox [rain]" -s 50 -S 9 -W 512 -H 256 -C 7.5 -A k_euler_a',
            ("Euler a", 50, 7.5, 9, 512, 256),
            None,
        ),
    ],
)
def test_words_and_numbers_are_read(keyword: str, note: Any, settings: tuple[Any, ...], left_out: str | None) -> None:
    found = read_foreign_data({keyword: note if isinstance(note, str) else json.dumps(note)})
    assert found is not None
    data = found[1]
    expected = "a fox <lora:ink:1>" if note is CONTROLLED else "a fox"
    assert (data.prompt, data.negative_prompt) == (expected, "rain")
    names = ("sampler", "num_inference_steps", "guidance_scale", "seed", "width", "height")
    assert tuple(data.settings.get(name) for name in names) == settings
    assert left_out is None or left_out in data.others


def test_an_older_form_of_invokeai_is_read() -> None:
    found = read_foreign_data({"sd-metadata": json.dumps(OLD_INVOKE)})
    assert found is not None and found[0] == "InvokeAI"
    assert found[1].prompt == "a fox" and found[1].settings["seed"] == 9
    assert found[1].settings["sampler"] == "k_lms"  # there is none of that kind here: it is told as left out


@pytest.mark.parametrize(
    "note",
    ["", "{", "[]", "null", "7", '{"3": 4}', '{"3": {"inputs": {"positive": ["3", 0], "negative": 1, "seed": 1}}}'],
)
@pytest.mark.parametrize("keyword", ["parameters", "prompt", "invokeai_metadata", "sd-metadata", "Comment", "dream"])
def test_what_is_no_note_is_passed_over(keyword: str, note: str) -> None:
    found = read_foreign_data({keyword: note})
    assert found is None or found[1].prompt == "" or keyword == "dream"


def test_a_graph_in_a_circle_ends() -> None:
    circle = make_graph(**{"6": {"class_type": "A", "inputs": {"conditioning": ["6", 0]}}})
    found = read_foreign_data({"prompt": json.dumps(circle)})
    assert found is not None and found[1].prompt == "" and found[1].negative_prompt == "rain"


@pytest.mark.parametrize(
    ("written", "scheduler", "known"),
    [
        ("dpmpp_2m_sde", "", "DPM++ 2M SDE"),
        ("DPM++ 2M Karras", "", "DPM++ 2M Karras"),
        ("k_dpmpp_2m", "karras", "DPM++ 2M Karras"),
        ("uni_pc", "normal", "UniPC"),
        ("Euler a", "", "Euler a"),
        ("heun", "", "heun"),
    ],
)
def test_samplers_are_known_by_their_other_names(written: str, scheduler: str, known: str) -> None:
    assert name_sampler(written, scheduler) == known
