"""What ships of training: halves that come back equal, hashes of all files, and the old folder until all is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

from pipeline.colours.enclosed import load_enclosed_ground, save_enclosed_ground
from pipeline.colours.layouts import CELLS, SIZES
from pipeline.colours.palette import COLOURS, PaletteTable, load_palettes, save_layouts, save_palettes
from pipeline.colours.region_network import RegionColours, load_region_colours
from pipeline.colours.word_regions import load_word_regions, save_word_regions
from pipeline.errors import ModelError
from pipeline.models.checks import compute_sha256
from pipeline.pocket.train import export
from pipeline.pocket.train.export import halve, replace_folder, write_colourist, write_image_encoder, write_manifest
from tests.colours.drawings import make_enclosed_ground, make_word_regions
from tests.tools.models import make_small_vision_model

PALETTES = PaletteTable(
    ("fox",), np.full((1, 5, 3), 200, np.uint8), np.full((1, 5), 0.2, np.float16), np.zeros((1, 384), np.float16)
)


@torch.inference_mode()
def test_the_image_encoder_comes_back_equal_within_fp16(tmp_path: Path) -> None:
    encoder, pixels = make_small_vision_model(128, 384).eval(), torch.rand(2, 3, 128, 128)
    write_image_encoder(encoder, tmp_path)
    shipped = CLIPVisionModelWithProjection.from_pretrained(tmp_path / "image_encoder", dtype=torch.float32)
    torch.testing.assert_close(shipped(pixels).image_embeds, encoder(pixels).image_embeds, rtol=0, atol=1e-2)
    assert next(encoder.parameters()).dtype is torch.float32  # training goes on with its own
    processor = CLIPImageProcessorPil.from_pretrained(tmp_path / "feature_extractor")
    assert tuple(processor.image_mean) == (0.5,) * 3 and processor.crop_size["height"] == 128


def test_the_colourist_comes_back_equal_within_fp16_with_its_palettes(tmp_path: Path) -> None:
    network = RegionColours()
    save_file(network.state_dict(), tmp_path / "trained.safetensors")
    save_palettes(PALETTES, tmp_path / "palettes.npz")
    save_layouts(np.full((1, COLOURS, SIZES, CELLS), 51, np.uint8), tmp_path / "layouts.npz")
    save_enclosed_ground(make_enclosed_ground(-2.0), tmp_path / "enclosed.npz")
    save_word_regions(make_word_regions(bias=-3.0), tmp_path / "word_regions.npz")
    names = ("trained.safetensors", "palettes.npz", "layouts.npz", "enclosed.npz", "word_regions.npz")
    trained = [tmp_path / name for name in names]
    write_colourist(*trained, tmp_path / "colourist")
    shipped = load_region_colours(tmp_path / "colourist" / "region_colours.safetensors").state_dict()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(shipped[name], value, rtol=1e-3, atol=1e-6)
    files = [tmp_path / "trained.safetensors", tmp_path / "colourist" / "region_colours.safetensors"]
    assert files[1].stat().st_size < 0.55 * files[0].stat().st_size
    (fox,) = load_palettes(*(tmp_path / "colourist" / name for name in ("palettes.npz", "layouts.npz"))).find("a fox")
    assert fox.layout is not None and np.allclose(fox.layout, 0.2)
    assert load_enclosed_ground(tmp_path / "colourist" / "enclosed.npz").bias == -2
    assert load_word_regions(tmp_path / "colourist" / "word_regions.npz").bias == -3
    config = json.loads((tmp_path / "colourist" / "config.json").read_text())
    assert config["codes"] == len(network.codes) and config["features"] == network.see.in_features


def test_the_manifest_names_every_file_with_its_hash(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.json").write_text("{}")
    for steps in (1, 7):  # a second one does not list the first
        write_manifest(tmp_path, {"steps": steps})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["notes"] == {"steps": 7}
    assert manifest["files"] == {
        "part/a.json": {"bytes": 2, "sha256": compute_sha256(tmp_path / "part" / "a.json")},
    }


def test_a_file_that_is_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "FILE_LIMIT", 1)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ModelError, match=r"a\.json has 2 bytes; the repository takes files of 1 at most"):
        write_manifest(tmp_path, {})


def test_a_folder_is_replaced_with_what_was_in_it_and_leaves_no_draft(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with replace_folder(tmp_path / "pocket") as draft:
            (draft / name).write_text(name)
    assert sorted(path.name for path in (tmp_path / "pocket").iterdir()) == ["one", "two"]
    assert [path.name for path in tmp_path.iterdir()] == ["pocket"]
    assert (tmp_path / "pocket").stat().st_mode & 0o777 == 0o755


def test_a_folder_stays_as_it_was_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "pocket").mkdir()
    (tmp_path / "pocket" / "one").write_text("one")
    with pytest.raises(ModelError), replace_folder(tmp_path / "pocket") as draft:
        (draft / "one").write_text("half")
        raise ModelError
    assert (tmp_path / "pocket" / "one").read_text() == "one" and len(list(tmp_path.iterdir())) == 1


def test_weights_that_overflow_fp16_are_refused() -> None:
    with pytest.raises(ModelError, match=r"conv\.weight is not finite"):
        halve({"conv.weight": torch.tensor([1e6])})
