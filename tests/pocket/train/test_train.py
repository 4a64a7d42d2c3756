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
from pipeline.pocket.train.__main__ import CPU, CUDA, STAGES, Workshop, scaled
from pipeline.pocket.train.denoiser import Denoiser
from pipeline.pocket.train.from_shipped import load_shipped_denoiser
from pipeline.pocket.train.together import Drawer
from pipeline.pocket.train.tower import Tower
from tests.tools.pocket_training import prepared, shrink_denoiser

pytestmark = pytest.mark.usefixtures("one_thread")
PLANS = ("rough", "fine", "tower", "denoiser", "together")


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[tuple[str, Workshop]]:
    """The stages that the command line goes through, without their work."""
    seen: list[tuple[str, Workshop]] = []
    stages = {name: lambda shop, name=name: seen.append((name, shop)) for name in STAGES}
    monkeypatch.setattr(train, "STAGES", stages)
    monkeypatch.setattr(sys, "argv", ["train", *words])
    train.main()
    return seen


def test_stages_stand_in_the_order_of_their_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    order = ["pack", "pictures", "autoencoder", "tower", "prepare", "denoiser", "together", "export"]
    assert list(STAGES) == order
    assert [name for name, _ in run(monkeypatch, "--device", "cpu")] == order


def test_one_stage_alone_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, shop),) = run(
        monkeypatch, "--stage", "tower", "--minutes-times", "0.5", "--from-shipped", "--device", "cpu"
    )
    assert name == "tower" and shop.from_shipped == train.SHIPPED and shop.device == torch.device("cpu")
    assert shop.recipe == scaled(CPU, 0.5)
    ((_, other),) = run(monkeypatch, "--stage", "tower", "--device", "cuda")
    assert other.recipe == CUDA and not other.from_shipped
    ((_, tried),) = run(monkeypatch, "--stage", "tower", "--device", "cpu", "--plan", "cuda")
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
        run(monkeypatch, "--stage", "denoise")
    assert left.value.code == 2 and "denoiser" in capsys.readouterr().err


def test_scaling_changes_minutes_and_pictures_and_nothing_else() -> None:
    half = scaled(CPU, 0.5)
    for name in PLANS:
        plan, original = getattr(half, name), getattr(CPU, name)
        assert plan == dataclasses.replace(original, minutes=original.minutes / 2)
    assert half.shards == CPU.shards // 2 and half.batch == CPU.batch
    assert scaled(CPU, 1.0) == CPU


def test_longer_runs_need_no_more_pictures_and_dry_runs_still_need_two_shards() -> None:
    assert scaled(CPU, 3).shards == CPU.shards and scaled(CPU, 3).denoiser.minutes == 3 * CPU.denoiser.minutes
    assert scaled(CPU, 0.001).shards == 2


def test_parts_keep_apart_in_the_runs_folder() -> None:
    for recipe in (CPU, CUDA):
        assert len({getattr(recipe, name).name for name in PLANS}) == len(PLANS)


def test_shards_are_the_finished_ones_in_order(tmp_path: Path) -> None:
    for name in ("shard-0002", "shard-0000", "shard-0001.tmp77", "other"):
        (tmp_path / name).mkdir()
    shop = Workshop(CPU, torch.device("cpu"), tmp_path / "runs", tmp_path)
    assert [path.name for path in shop.shards()] == ["shard-0000", "shard-0002"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A run that has been through all stages but export, its plain weights spoilt: the averages count."""
    shrink_denoiser(monkeypatch)
    torch.manual_seed(0)
    workshop = Workshop(CPU, torch.device("cpu"), tmp_path / "runs", tmp_path / "pictures")
    autoencoder, denoiser, tower = make_autoencoder(), Denoiser(), Tower()
    autoencoder.register_to_config(scaling_factor=0.75)
    autoencoder.save_pretrained(workshop.runs / "autoencoder")
    spoilt = {"module": {}, "step": 1234, "spent": 90.0}
    torch.save({"ema": {}, **spoilt, "step": 1000}, workshop.runs / "denoiser.pt")
    torch.save({"ema": Drawer(denoiser, autoencoder).state_dict(), **spoilt}, workshop.runs / "together.pt")
    torch.save({"ema": tower.state_dict(), **spoilt}, workshop.runs / "tower.pt")
    return workshop


def test_export_ships_the_averages_with_how_long_they_were_trained(shop: Workshop, tmp_path: Path) -> None:
    from diffusers import AutoencoderTiny
    from safetensors.torch import load_file

    train.export(shop, tmp_path / "pocket")
    averages = torch.load(shop.runs / "together.pt", weights_only=True)["ema"]
    for name, value in load_shipped_denoiser(tmp_path / "pocket").state_dict().items():
        torch.testing.assert_close(value, averages[f"denoiser.{name}"], rtol=1e-3, atol=1e-6)
    vae = AutoencoderTiny.from_pretrained(tmp_path / "pocket/vae")
    for name, value in vae.decoder.state_dict().items():
        torch.testing.assert_close(value, averages[f"decoder.{name}"], rtol=1e-3, atol=1e-6)
    tower = torch.load(shop.runs / "tower.pt", weights_only=True)["ema"]
    for name, value in load_file(tmp_path / "pocket/image_encoder/model.safetensors").items():
        torch.testing.assert_close(value.float(), tower[f"encoder.{name}"], rtol=1e-3, atol=1e-6)
    assert vae.config.scaling_factor == 0.75
    notes = json.loads((tmp_path / "pocket/manifest.json").read_text())["notes"]
    assert (notes["denoiser_steps"], notes["together_steps"]) == (1000, 1234)
    assert notes["together_minutes"] == 1.5


def test_references_are_embedded_by_their_style(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.pocket.train.tower import embed_pictures

    for style, colour in (("ice", "lightblue"), ("felt", "maroon")):
        (tmp_path / "styles" / style).mkdir(parents=True)
        Image.new("RGB", (512, 512), colour).save(tmp_path / "styles" / style / "reference.webp", lossless=True)
    monkeypatch.setattr(train, "STYLES", tmp_path / "styles")
    found = train.embed_references(shop)
    assert set(found) == {"ice", "felt"}
    tower = train.load_average(Tower(), "tower", shop)
    blue = np.full((1, 128, 128, 3), (173, 216, 230), np.uint8)
    np.testing.assert_allclose(found["ice"], embed_pictures(tower, blue)[0], atol=5e-3)
    assert np.abs(found["ice"] - found["felt"]).max() > 0.02


def test_only_the_plan_that_says_so_is_compiled(shop: Workshop) -> None:
    for plan in (CPU, CUDA):
        model = torch.nn.Linear(1, 1)
        train.quickened(model, dataclasses.replace(shop, recipe=plan))
        assert (model._compiled_call_impl is not None) == plan.compiled
        assert list(model.state_dict()) == ["weight", "bias"]  # checkpoints stay what they are
    assert CUDA.compiled and not CPU.compiled


def test_a_contact_sheet_shows_drawing_drawn_and_original(shop: Workshop) -> None:
    drawer = Drawer(Denoiser(), train.load_autoencoder(shop)).eval()
    train.contact_sheet(drawer, prepared((0,) * 4), torch.zeros(32, 384), "part-7", shop, 2.0, count=4)
    sheet = np.asarray(Image.open(shop.runs / "sheet-part-7.png"))
    assert sheet.shape == (SIDE, 4 * 3 * SIDE, 3)
    assert sheet[:, 10].min() == 255 and sheet[:, 11:SIDE].max() == 0  # the one line of the first drawing


def test_what_was_shipped_is_gone_on_from_as_far_as_it_is_there(shop: Workshop, tmp_path: Path) -> None:
    (shop.runs / "denoiser.pt").unlink()
    train.export(shop, tmp_path / "pocket")
    whole = dataclasses.replace(shop, from_shipped=tmp_path / "pocket")
    averages = torch.load(shop.runs / "together.pt", weights_only=True)["ema"]
    for name, value in train.begun_denoiser(whole).state_dict().items():
        torch.testing.assert_close(value, averages[f"denoiser.{name}"], rtol=1e-3, atol=1e-6)
    assert train.shipped_denoiser(dataclasses.replace(shop, from_shipped=tmp_path)) is None
    assert train.shipped_denoiser(shop) is None


def test_from_shipped_brings_autoencoder_and_tower_without_training(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.export(shop, tmp_path / "pocket")
    # There are no pictures: training would fail.
    again = dataclasses.replace(shop, runs=tmp_path / "again", from_shipped=tmp_path / "pocket")
    train.train_autoencoder(again)
    train.train_tower(again)
    assert train.load_autoencoder(again).config.scaling_factor == 0.75
    before = torch.load(shop.runs / "tower.pt", weights_only=True)["ema"]
    for name, value in train.load_average(Tower(), "tower", again).encoder.state_dict().items():
        torch.testing.assert_close(value, before[f"encoder.{name}"], rtol=1e-3, atol=1e-6)
