"""The measures of pictures: known answers, and one sentence where something is missing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.schedulers import AysSchedules
from PIL import Image, ImageDraw

from tests.benchmarks.quality import (
    compute_edge_f1,
    compute_fid,
    list_schedules,
    measure_folder,
    plot_schedules,
    read_folder,
    read_options,
    score_style,
)
from tests.tools.taught_pictures import make_pictures, write_pictures


class Means(torch.nn.Module):
    """This gives a picture's mean colour as its features."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.mean(dim=(2, 3))


def test_fid_of_known_gaussians() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, (20_000, 3))
    assert compute_fid(first, first) == pytest.approx(0, abs=1e-6)
    assert compute_fid(first, first + np.array([3, 0, 0])) == pytest.approx(9, rel=1e-6)
    assert compute_fid(first, 2 * first) == pytest.approx(3, rel=0.05)  # (2 - 1)^2 in each of three directions
    with pytest.raises(SystemExit, match="2 pictures a folder"):
        compute_fid(first[:1], first)


def test_fid_is_by_the_network_at_hand_or_by_one_from_a_file(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a")
    write_pictures(tmp_path / "b", 3)
    asked = ["measure", str(tmp_path / "a"), "--reference", str(tmp_path / "b")]
    (ours,) = measure_folder(read_options(asked))
    assert ours["by"] == "EfficientNet-Lite0, 1280 features" and ours["pictures"] == [4, 3]
    (same,) = measure_folder(read_options([*asked[:-1], asked[1]]))
    assert same["value"] == pytest.approx(0, abs=1e-3) and ours["value"] > 0.1
    with pytest.raises(SystemExit, match=r"no feature network .*absent\.pt"):
        list(measure_folder(read_options([*asked, "--features", str(tmp_path / "absent.pt")])))
    torch.jit.script(Means()).save(str(tmp_path / "means.pt"))
    (row,) = measure_folder(read_options([*asked, "--features", str(tmp_path / "means.pt")]))
    assert row["what"] == "FID" and row["pictures"] == [4, 3] and 0 <= row["value"] < 0.1
    assert row["by"] == "means.pt, 3 features"


def test_edges_that_follow_the_drawing_score_high() -> None:
    drawing = Image.new("RGB", (128, 128), "white")
    ImageDraw.Draw(drawing).ellipse((30, 30, 98, 98), outline="black", width=2)
    filled, away = Image.new("RGB", (128, 128), "white"), Image.new("RGB", (128, 128), "white")
    ImageDraw.Draw(filled).ellipse((30, 30, 98, 98), fill="red")
    ImageDraw.Draw(away).rectangle((2, 2, 12, 12), fill="red")
    assert compute_edge_f1(filled, drawing) > 0.95 and compute_edge_f1(away, drawing) < 0.2
    assert compute_edge_f1(Image.new("RGB", (128, 128)), drawing) == 0


def test_pictures_of_a_style_are_nearer_to_it() -> None:
    style = {str(n): image for n, image in enumerate(make_pictures())}
    grey = {"grey": Image.radial_gradient("L").convert("RGB")}
    assert score_style(style, style)["value"] > score_style(grey, style)["value"]


def test_clip_score_is_the_retrieval_models(tmp_path: Path, clip_folder: Path) -> None:
    write_pictures(tmp_path / "a", 3)
    names = list(read_folder(tmp_path / "a"))
    (tmp_path / "words.json").write_text(json.dumps(dict.fromkeys(names[:2], "orange stripes")))
    asked = ["measure", str(tmp_path / "a"), "--words", str(tmp_path / "words.json"), "--clip", str(clip_folder)]
    (row,) = measure_folder(read_options(asked))
    assert row["what"] == "CLIP score" and row["pictures"] == 2 and 0 <= row["value"] <= 100


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no picture"):
        list(measure_folder(read_options(["measure", str(tmp_path), "--like", str(tmp_path)])))


def test_noise_falls_over_the_steps_of_every_sampler() -> None:
    for name, levels in list_schedules(12).items():
        assert len(levels) >= 12 and all(np.diff(levels) <= 1e-6), name


def test_levels_are_those_that_the_engine_draws_with() -> None:
    """Ten steps of Align Your Steps are the published ones, and no other sampler's."""
    found = list_schedules(10)
    for name in ("DPM++ 2M", "UniPC"):
        np.testing.assert_allclose(found[f"{name} AYS"], AysSchedules["StableDiffusionSigmas"][:-1], rtol=0.02)
        assert np.abs(np.log(found[f"{name} AYS"]) - np.log(found[name])).max() > 0.3


def test_schedules_are_plotted(tmp_path: Path) -> None:
    plot_schedules(tmp_path / "schedules.png", 12)
    pixels = np.asarray(Image.open(tmp_path / "schedules.png").convert("RGB"))
    inks = {tuple(colour) for colour in pixels.reshape(-1, 3) if np.ptp(colour) > 100}  # the curves' own colours
    assert pixels.shape == (495, 770, 3) and len(inks) >= len(list_schedules(12))
