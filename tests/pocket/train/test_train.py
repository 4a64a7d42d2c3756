"""The stages of training, their budgets, and what a run leaves for the next stage."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.pocket.model import SIDE, make_autoencoder
from pipeline.pocket.train import __main__ as train
from pipeline.pocket.train import stages
from pipeline.pocket.train.denoiser import Denoiser
from pipeline.pocket.train.from_shipped import load_shipped_denoiser
from pipeline.pocket.train.recipes import CPU, CUDA, scale_recipe
from pipeline.pocket.train.stages import STAGES, Run
from pipeline.pocket.train.together import Drawer
from pipeline.pocket.train.tower import Tower
from tests.tools.pocket_training import make_prepared_data, shrink_denoiser

pytestmark = pytest.mark.usefixtures("one_thread")
PLANS = ("rough", "fine", "tower", "denoiser", "together")


def run_stages(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[tuple[str, Run]]:
    """The stages that the command line goes through, without their work."""
    seen: list[tuple[str, Run]] = []
    stages = {name: lambda run, name=name: seen.append((name, run)) for name in STAGES}
    monkeypatch.setattr(train, "STAGES", stages)
    monkeypatch.setattr(sys, "argv", ["train", *words])
    train.main()
    return seen


def test_stages_stand_in_the_order_of_their_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    order = ["pack", "pictures", "autoencoder", "tower", "prepare", "denoiser", "together", "export"]
    assert list(STAGES) == order
    assert [name for name, _ in run_stages(monkeypatch, "--device", "cpu")] == order


def test_one_stage_alone_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, run),) = run_stages(
        monkeypatch, "--stage", "tower", "--minutes-times", "0.5", "--from-shipped", "--device", "cpu"
    )
    assert name == "tower" and run.from_shipped == stages.SHIPPED and run.device == torch.device("cpu")
    assert run.recipe == scale_recipe(CPU, 0.5)
    ((_, other),) = run_stages(monkeypatch, "--stage", "tower", "--device", "cuda")
    assert other.recipe == CUDA and not other.from_shipped
    ((_, tried),) = run_stages(monkeypatch, "--stage", "tower", "--device", "cpu", "--plan", "cuda")
    assert tried.recipe == CUDA and tried.device == torch.device("cpu")


def test_help_names_every_stage_and_option(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--help"])
    with pytest.raises(SystemExit) as left:
        train.main()
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert all(word in said for word in (*STAGES, "--stage", "--from-shipped", "--minutes-times", "--device", "--plan"))


def test_an_unknown_stage_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run_stages(monkeypatch, "--stage", "denoise")
    assert left.value.code == 2 and "denoiser" in capsys.readouterr().err


def test_scaling_changes_minutes_and_pictures_and_nothing_else() -> None:
    half = scale_recipe(CPU, 0.5)
    for name in PLANS:
        plan, original = getattr(half, name), getattr(CPU, name)
        assert plan == dataclasses.replace(original, minutes=original.minutes / 2)
    assert half.shards == CPU.shards // 2 and half.batch == CPU.batch
    assert scale_recipe(CPU, 1.0) == CPU


def test_longer_runs_need_no_more_pictures_and_dry_runs_still_need_two_shards() -> None:
    assert (
        scale_recipe(CPU, 3).shards == CPU.shards and scale_recipe(CPU, 3).denoiser.minutes == 3 * CPU.denoiser.minutes
    )
    assert scale_recipe(CPU, 0.001).shards == 2


def test_parts_keep_apart_in_the_runs_folder() -> None:
    for recipe in (CPU, CUDA):
        assert len({getattr(recipe, name).name for name in PLANS}) == len(PLANS)


def test_shards_are_the_finished_ones_in_order(tmp_path: Path) -> None:
    for name in ("shard-0002", "shard-0000", "shard-0001.tmp77", "other"):
        (tmp_path / name).mkdir()
    run = Run(CPU, torch.device("cpu"), tmp_path / "runs", tmp_path)
    assert [path.name for path in run.list_shards()] == ["shard-0000", "shard-0002"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that has been through all stages but export, its plain weights spoilt: the averages count."""
    shrink_denoiser(monkeypatch)
    torch.manual_seed(0)
    workshop = Run(CPU, torch.device("cpu"), tmp_path / "runs", tmp_path / "pictures")
    autoencoder, denoiser, tower = make_autoencoder(), Denoiser(), Tower()
    autoencoder.register_to_config(scaling_factor=0.75)
    autoencoder.save_pretrained(workshop.runs / "autoencoder")
    spoilt = {"module": {}, "step": 1234, "spent": 90.0}
    torch.save({"ema": {}, **spoilt, "step": 1000}, workshop.runs / "denoiser.pt")
    torch.save({"ema": Drawer(denoiser, autoencoder).state_dict(), **spoilt}, workshop.runs / "together.pt")
    torch.save({"ema": tower.state_dict(), **spoilt}, workshop.runs / "tower.pt")
    return workshop


def test_export_ships_the_averages_with_how_long_they_were_trained(run: Run, tmp_path: Path) -> None:
    from diffusers import AutoencoderTiny
    from safetensors.torch import load_file

    stages.export_weights(run, tmp_path / "pocket")
    averages = torch.load(run.runs / "together.pt", weights_only=True)["ema"]
    for name, value in load_shipped_denoiser(tmp_path / "pocket").state_dict().items():
        torch.testing.assert_close(value, averages[f"denoiser.{name}"], rtol=1e-3, atol=1e-6)
    vae = AutoencoderTiny.from_pretrained(tmp_path / "pocket/vae")
    for name, value in vae.decoder.state_dict().items():
        torch.testing.assert_close(value, averages[f"decoder.{name}"], rtol=1e-3, atol=1e-6)
    tower = torch.load(run.runs / "tower.pt", weights_only=True)["ema"]
    for name, value in load_file(tmp_path / "pocket/image_encoder/model.safetensors").items():
        torch.testing.assert_close(value.float(), tower[f"encoder.{name}"], rtol=1e-3, atol=1e-6)
    assert vae.config.scaling_factor == 0.75
    notes = json.loads((tmp_path / "pocket/manifest.json").read_text())["notes"]
    assert (notes["denoiser_steps"], notes["together_steps"]) == (1000, 1234)
    assert notes["together_minutes"] == 1.5


def test_references_are_embedded_by_their_style(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.pocket.train.tower import embed_pictures

    for style, colour in (("ice", "lightblue"), ("felt", "maroon")):
        (tmp_path / "styles" / style).mkdir(parents=True)
        Image.new("RGB", (512, 512), colour).save(tmp_path / "styles" / style / "reference.webp", lossless=True)
    monkeypatch.setattr(stages, "STYLES", tmp_path / "styles")
    found = stages.embed_references(run)
    assert set(found) == {"ice", "felt"}
    tower = stages.load_average(Tower(), "tower", run)
    blue = np.full((1, 128, 128, 3), (173, 216, 230), np.uint8)
    np.testing.assert_allclose(found["ice"], embed_pictures(tower, blue)[0], atol=5e-3)
    assert np.abs(found["ice"] - found["felt"]).max() > 0.02


def test_only_the_plan_that_says_so_is_compiled(run: Run) -> None:
    for plan in (CPU, CUDA):
        model = torch.nn.Linear(1, 1)
        stages.compile_model(model, dataclasses.replace(run, recipe=plan))
        assert (model._compiled_call_impl is not None) == plan.compiled
        assert list(model.state_dict()) == ["weight", "bias"]  # checkpoints stay what they are
    assert CUDA.compiled and not CPU.compiled


def test_a_contact_sheet_shows_drawing_drawn_and_original(run: Run) -> None:
    drawer = Drawer(Denoiser(), stages.load_autoencoder(run)).eval()
    stages.save_contact_sheet(drawer, make_prepared_data((0,) * 4), torch.zeros(32, 384), "part-7", run, 2.0, count=4)
    sheet = np.asarray(Image.open(run.runs / "sheet-part-7.png"))
    assert sheet.shape == (SIDE, 4 * 3 * SIDE, 3)
    assert sheet[:, 10].min() == 255 and sheet[:, 11:SIDE].max() == 0  # the one line of the first drawing


def test_what_was_shipped_is_gone_on_from_as_far_as_it_is_there(run: Run, tmp_path: Path) -> None:
    (run.runs / "denoiser.pt").unlink()
    stages.export_weights(run, tmp_path / "pocket")
    whole = dataclasses.replace(run, from_shipped=tmp_path / "pocket")
    averages = torch.load(run.runs / "together.pt", weights_only=True)["ema"]
    for name, value in stages.load_begun_denoiser(whole).state_dict().items():
        torch.testing.assert_close(value, averages[f"denoiser.{name}"], rtol=1e-3, atol=1e-6)
    assert stages.find_shipped_denoiser(dataclasses.replace(run, from_shipped=tmp_path)) is None
    assert stages.find_shipped_denoiser(run) is None


def test_from_shipped_brings_autoencoder_and_tower_without_training(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.export_weights(run, tmp_path / "pocket")
    # There are no pictures: training would fail.
    again = dataclasses.replace(run, runs=tmp_path / "again", from_shipped=tmp_path / "pocket")
    stages.train_autoencoder(again)
    stages.train_tower(again)
    assert stages.load_autoencoder(again).config.scaling_factor == 0.75
    before = torch.load(run.runs / "tower.pt", weights_only=True)["ema"]
    for name, value in stages.load_average(Tower(), "tower", again).encoder.state_dict().items():
        torch.testing.assert_close(value, before[f"encoder.{name}"], rtol=1e-3, atol=1e-6)
