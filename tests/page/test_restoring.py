"""Pictures of other programs and pasted texts bring back words, numbers and the picture, and say what they left out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipeline.errors import PictureFileError, SketchError
from pipeline.hints import HintSettings
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.own_files import OwnFiles
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import Easel
from pipeline.page.page_order import SETTINGS
from pipeline.page.restoring import UNREAD, is_own_picture, restore_picture, restore_text
from pipeline.request.controlnets import write_controlnets
from pipeline.settings import ROOT
from pipeline.sketch.intake import WHITE_ON_NOTHING, read_strokes
from tests.models.test_file_kinds import RIGHT_FILES
from tests.request.test_foreign_data import A1111, FOOOCUS, INVOKE, NOVELAI, make_graph

DATA = ROOT / "tests" / "data"


def make_picture(size: tuple[int, int] = (96, 64), **notes: Any) -> bytes:
    info, file = PngInfo(), io.BytesIO()
    for keyword, note in notes.items():
        info.add_itxt(keyword, note if isinstance(note, str) else json.dumps(note))
    Image.linear_gradient("L").resize(size).save(file, "PNG", pnginfo=info)
    return file.getvalue()


@pytest.mark.parametrize(
    ("notes", "steps", "sampler", "program"),
    [
        ({"parameters": A1111}, 20, "DPM++ 2M Karras", "AUTOMATIC1111"),
        ({"parameters": FOOOCUS, "fooocus_scheme": "fooocus"}, 30, "DPM++ 2M Karras", "AUTOMATIC1111"),
        ({"prompt": make_graph(), "workflow": "{}"}, 20, "Euler", "ComfyUI"),
        ({"invokeai_metadata": INVOKE}, 25, "Euler a", "InvokeAI"),
        ({"Comment": NOVELAI}, 28, "Euler a", "NovelAI"),
    ],
    ids=["a1111", "fooocus", "comfyui", "invokeai", "novelai"],
)
def test_a_picture_of_another_program_comes_back(notes: Any, steps: int, sampler: str, program: str) -> None:
    restored = restore_picture(SD15, make_picture(**notes))
    assert (restored.settings["prompt"], restored.settings["negative_prompt"]) == ("a fox", "rain")
    assert (restored.settings["num_inference_steps"], restored.settings["sampler"]) == (steps, sampler)
    assert restored.message.startswith(f"This picture was made by {program}")
    assert "taken over" in restored.message
    canvas = json.loads(restored.canvas or "")
    assert canvas["picture"].startswith("data:image/") and canvas["strokes"] == []


def test_what_this_engine_cannot_do_is_told() -> None:
    restored = restore_picture(SD15, make_picture(prompt=make_graph()))
    assert "seed" not in restored.settings and "Left out" in restored.message
    assert "156680208700286" in restored.message and "v1-5.safetensors" in restored.message
    assert "Euler a" in restore_picture(POCKET, make_picture(invokeai_metadata=INVOKE)).message.split("Left out")[1]


def test_the_shared_case_comes_back() -> None:
    restored = restore_picture(SD15, (DATA / "cases" / "a1111_made.png").read_bytes())
    wanted = {"prompt": "a yellow ball over the sea", "negative_prompt": "blurry", "seed": 1234, "sampler": "Euler a"}
    wanted |= {"num_inference_steps": 20, "guidance_scale": 7, "width": 256, "height": 256}
    told = restored.message
    assert {name: value for name, value in restored.settings.items() if name in wanted} == {
        name: value for name, value in wanted.items() if name in restored.settings
    }
    assert {"prompt", "negative_prompt", "seed", "sampler", "num_inference_steps", "guidance_scale"} <= set(
        restored.settings
    )
    assert "width" in restored.settings or "Size 256 x 256" in told.split("Left out")[1]
    assert "Model x" in told.split("Left out")[1]


def test_a_workflow_without_words_is_told() -> None:
    restored = restore_picture(SD15, make_picture(workflow='{"nodes": []}'))
    assert (restored.message, dict(restored.settings)) == (UNREAD, {})


def test_a_picture_without_notes_only_lies_on_the_sheet() -> None:
    for data in (make_picture(), (DATA / "house.heic").read_bytes()):
        restored = restore_picture(POCKET, data)
        assert restored.canvas and not restored.message and not restored.settings
        assert not is_own_picture(data)


def test_a_damaged_heic_is_named() -> None:
    with pytest.raises(SketchError, match="damaged: it is a HEIC"):
        restore_picture(POCKET, (DATA / "cases" / "IMG_0001.HEIC").read_bytes())


def test_transparency_stays_on_the_sheet() -> None:
    restored = restore_picture(POCKET, (DATA / "cases" / "white_on_clear.png").read_bytes())
    assert WHITE_ON_NOTHING in read_strokes(restored.canvas or "").notices


def test_pasted_generation_data_moves_the_numbers() -> None:
    restored = restore_text(SD15, A1111)
    assert restored.settings == {
        "prompt": "a fox",
        "negative_prompt": "rain",
        "num_inference_steps": 20,
        "sampler": "DPM++ 2M Karras",
        "guidance_scale": 6.5,
        "seed": 7,
        "width": 512,
        "height": 768,
        "loras": "",  # none were named: those that are on go
    }
    assert restored.canvas is None and "Model dreamer" in restored.message


@pytest.fixture
def nets(tmp_path: Path) -> OwnFiles:
    """A folder with one ControlNet of a person's own."""
    RIGHT_FILES["controlnet"](tmp_path / "ink_lines.safetensors")
    return OwnFiles([tmp_path])


def test_controlnets_come_back_and_those_that_are_not_here_are_told(nets: OwnFiles) -> None:
    units = (
        "Module: lineart_anime, Model: ink_lines [01234567], Weight: 0.6",
        "Module: canny, Model: far [0123cd]",
        "Module: depth_zoe, Model: control_v11f1p_sd15_depth_fp16 [4b72d323], Guidance End: 0.5",
    )
    text = ", ".join([A1111, *(f'ControlNet {number}: "{unit}"' for number, unit in enumerate(units))])
    restored = restore_text(SD15, text, nets)
    wanted = {
        "lineart": HintSettings(0.6, model="ink_lines"),
        "canny": HintSettings(),
        "depth": HintSettings(1, 0, 0.5),
    }
    assert json.loads(restored.settings["controlnets"]) == write_controlnets(tuple(wanted.items()))  # type: ignore[arg-type]
    assert "ControlNet lineart, canny, depth taken over" in restored.message
    assert "“far” is not here, so the published one for canny steers" in restored.message
    assert "control_v11f1p" not in restored.message
    assert "controlnets" not in restore_text(POCKET, text).settings


@pytest.mark.parametrize("text", ["a red fox", "", None, 7, "x" * 30_000])
def test_a_plain_prompt_changes_nothing(text: object) -> None:
    assert restore_text(SD15, text) == restore_text(SD15, "a fox")
    assert not restore_text(SD15, text).settings


class StandInStudio:
    """StandInStudio has a profile, and no files of a person's own."""

    profile = SD15
    own_files = OwnFiles(())


def restore(**data: Any) -> tuple[Any, ...]:
    easel = Easel(StandInStudio(), DrawnFiles("cache"))  # type: ignore[arg-type]
    return easel.restore(SimpleNamespace(**data))  # type: ignore[arg-type]


def test_the_page_gets_what_changes_in_the_order_of_its_parts() -> None:
    canvas, *settings, _, picture = restore(text=A1111)
    named = dict(zip(SETTINGS, settings, strict=True))
    assert (named["prompt"], named["seed"], named["num_inference_steps"]) == ("a fox", 7, 20)
    assert picture["state"] == "stopped" and "generation data" in picture["message"]
    assert all("__type__" in skipped for skipped in (canvas, named["style"], named["reading"]))


@pytest.mark.parametrize("data", ["no base64!", "aGVsbG8=", 7])
def test_what_is_no_picture_is_refused_in_words(data: object) -> None:
    *_, picture = restore(data=data)
    assert picture["state"] == "error" and picture["message"]


def test_a_damaged_png_is_refused() -> None:
    with pytest.raises(PictureFileError, match="damaged|cut off"):
        is_own_picture(make_picture()[:-30])
