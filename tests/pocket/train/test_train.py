"""The stages of training, their budgets, and what a run leaves for the next stage."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline.colours.enclosed import save_enclosed_ground
from pipeline.colours.layouts import CELLS, SIZES
from pipeline.colours.palette import PaletteTable, save_layouts, save_palettes
from pipeline.colours.region_network import RegionColours
from pipeline.colours.word_regions import save_word_regions
from pipeline.pocket.data import dataset
from pipeline.pocket.train import __main__ as train
from pipeline.pocket.train import colour_data, enclosed_ground, region_colours, stages, word_regions
from pipeline.pocket.train.stages import COLOURS, LESSON_SHARDS, PICTURE_SHARDS, STAGES, TOWER, Run
from pipeline.pocket.train.tower import Tower
from tests.colours.drawings import make_enclosed_ground, make_word_regions

pytestmark = pytest.mark.usefixtures("one_thread")
ORDER = ["lessons", "colours", "enclosed", "words", "pack", "pictures", "tower", "export"]
NO_PALETTES = PaletteTable(
    (), np.zeros((0, 5, 3), np.uint8), np.zeros((0, 5), np.float16), np.zeros((0, 384), np.float16)
)


def run_stages(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[tuple[str, Run]]:
    """The stages that the command line goes through, without their work."""
    seen: list[tuple[str, Run]] = []
    stages = {name: lambda run, name=name: seen.append((name, run)) for name in STAGES}
    monkeypatch.setattr(train, "STAGES", stages)
    monkeypatch.setattr(sys, "argv", ["train", *words])
    train.main()
    return seen


def test_stages_stand_in_the_order_of_their_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(STAGES) == ORDER
    assert [name for name, _ in run_stages(monkeypatch, "--device", "cpu")] == ORDER


def test_some_stages_with_their_options(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run_stages(monkeypatch, "--stage", "export", "tower", "--minutes-times", "0.5", "--device", "cpu")
    assert [name for name, _ in found] == ["tower", "export"]
    assert found[0][1] == Run(0.5, torch.device("cpu"))
    ((_, other),) = run_stages(monkeypatch, "--stage", "tower", "--device", "cuda")
    assert other == Run(1.0, torch.device("cuda"))


def test_help_names_every_stage_and_option(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--help"])
    with pytest.raises(SystemExit) as left:
        train.main()
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert all(word in said for word in (*STAGES, "--stage", "--minutes-times", "--device"))


def test_an_unknown_stage_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run_stages(monkeypatch, "--stage", "denoiser")
    assert left.value.code == 2 and "colours" in capsys.readouterr().err


def test_longer_runs_need_no_more_shards_and_dry_runs_still_need_two() -> None:
    assert [Run(times).count_shards(48) for times in (3, 1, 0.5, 0.001)] == [48, 48, 24, 2]
    assert Run(0.5).scale(TOWER).minutes == TOWER.minutes / 2


def test_shards_are_the_finished_ones_in_order(tmp_path: Path) -> None:
    for name in ("shard-0002", "shard-0000", "shard-0001.tmp77", "other"):
        (tmp_path / name).mkdir()
    assert [path.name for path in Run(pictures=tmp_path).list_shards()] == ["shard-0000", "shard-0002"]


def test_stages_hand_on_their_share_of_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, tuple[object, ...]] = {}
    monkeypatch.setattr(colour_data, "make_colour_data", lambda *given: asked.update(lessons=given))
    monkeypatch.setattr(region_colours, "run", lambda *given: asked.update(colours=given))
    monkeypatch.setattr(dataset, "render_shards", lambda *given: asked.update(pictures=given))
    run = Run(0.5, runs=tmp_path / "runs", pictures=tmp_path / "pictures", lessons=tmp_path / "regions")
    monkeypatch.setattr(enclosed_ground, "run", lambda *given: asked.update(enclosed=given))
    monkeypatch.setattr(word_regions, "run", lambda *given: asked.update(words=given))
    for name in ("lessons", "colours", "enclosed", "words", "pictures"):
        STAGES[name](run)
    assert asked["lessons"] == (LESSON_SHARDS // 2,)
    assert asked["colours"] == (run.scale(COLOURS), tmp_path / "regions", tmp_path / "runs" / "colourist")
    fitted_to = run.colourist / "regions.safetensors", run.palettes, tmp_path / "pack"
    assert asked["enclosed"] == (*fitted_to, run.enclosed, enclosed_ground.LESSONS // 2)
    assert asked["words"] == (*fitted_to, run.word_regions, 3000)
    assert asked["pictures"][:4] == (tmp_path / "pictures", 1, 0, PICTURE_SHARDS // 2)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that has been through all stages but export, the tower's plain weights spoilt: the averages count."""
    torch.manual_seed(0)
    made = Run(runs=tmp_path / "runs", lessons=tmp_path / "data" / "regions")
    for folder in (made.colourist, made.lessons):
        folder.mkdir(parents=True)
    torch.save({"ema": {}, "module": {}, "step": 1000, "spent": 60.0}, made.colourist / "regions.pt")
    save_file(RegionColours().state_dict(), made.colourist / "regions.safetensors")
    save_palettes(NO_PALETTES, made.palettes)
    save_layouts(np.zeros((0, 5, SIZES, CELLS), np.uint8), made.layouts)
    save_enclosed_ground(make_enclosed_ground(0.0), made.enclosed)
    save_word_regions(make_word_regions(), made.word_regions)
    state = {"ema": Tower().state_dict(), "module": {}, "step": 1234, "spent": 90.0}
    torch.save(state, made.runs / "tower.pt")
    return made


def test_export_ships_the_averages_with_how_long_they_were_trained(run: Run, tmp_path: Path) -> None:
    stages.export_weights(run, tmp_path / "pocket")
    colours = load_file(run.colourist / "regions.safetensors")
    for name, value in load_file(tmp_path / "pocket/colourist/region_colours.safetensors").items():
        torch.testing.assert_close(value.float(), colours[name], rtol=1e-3, atol=1e-6)
    tower = torch.load(run.runs / "tower.pt", weights_only=True)["ema"]
    for name, value in load_file(tmp_path / "pocket/image_encoder/model.safetensors").items():
        torch.testing.assert_close(value.float(), tower[f"encoder.{name}"], rtol=1e-3, atol=1e-6)
    manifest = json.loads((tmp_path / "pocket/manifest.json").read_text())
    assert manifest["notes"] == {"regions_steps": 1000, "regions_minutes": 1, "tower_steps": 1234, "tower_minutes": 1.5}
    assert {Path(name).name for name in manifest["files"] if name.startswith("colourist/")} == {
        *("config.json", "enclosed.npz", "layouts.npz", "palettes.npz"),
        *("region_colours.safetensors", "word_regions.npz"),
    }
    assert {name.partition("/")[0] for name in manifest["files"]} == {"colourist", "feature_extractor", "image_encoder"}


def test_export_leaves_what_was_not_trained(run: Run, tmp_path: Path) -> None:
    stages.export_weights(run, tmp_path / "pocket")
    before = (tmp_path / "pocket/image_encoder/model.safetensors").read_bytes()
    (run.runs / "tower.pt").unlink()
    stages.export_weights(run, tmp_path / "pocket")
    assert (tmp_path / "pocket/image_encoder/model.safetensors").read_bytes() == before
    assert "tower_steps" not in (tmp_path / "pocket/manifest.json").read_text()
