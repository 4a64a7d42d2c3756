"""The curves of quality, over the small layout; version 7's weights where the clone has its whole history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.engine.engine import Engine
from pipeline.models.locate import locate_part
from tests.benchmarks.quality import read_options
from tests.benchmarks.quality_curves import Eye, Setting, list_settings, make_eye, measure_curves, plot_curves
from tests.benchmarks.report import Row
from tests.tools.models import make_tiny_sd15_profile, write_sd15
from tests.tools.pocket_diffusion import make_pocket_diffusion_profile, unpack_pocket_diffusion

ASKED = ["curves", "out", "--samplers", "DPM++ 2M", "UniPC", "--steps", "2", "4", "--scales", "1", "5"]


def encode(things: Any) -> Any:
    return np.tile(np.array([0.6, 0.8]), (len(things), 1))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    folder = write_sd15(tmp_path_factory.mktemp("curves") / "sd15")
    engine = Engine.load(make_tiny_sd15_profile(any_dtype=True), folder=folder, device="cpu")
    settings = list_settings(read_options([*ASKED, "--reference-steps", "4"]), "DPM++ 2M")
    reference = Setting("DPM++ 2M", 4, 2.0)
    return list(measure_curves(engine, Eye(encode, encode), settings, reference, 2))


def test_each_sampler_is_drawn_at_each_number_of_steps_and_the_default_at_each_scale(rows: list[Row]) -> None:
    drawn = [(row["sampler"], row["steps"], row["guidance"]) for row in rows]
    assert drawn[:4] == [(name, steps, 2.0) for name in ("DPM++ 2M", "UniPC") for steps in (2, 4)]
    assert drawn[4:] == [("DPM++ 2M", 4, 1.0), ("DPM++ 2M", 4, 5.0)]


def test_the_reference_is_like_itself_and_the_others_are_not(rows: list[Row]) -> None:
    same = next(row for row in rows if (row["sampler"], row["steps"], row["guidance"]) == ("DPM++ 2M", 4, 2.0))
    assert same["ssim"] == same["least_ssim"] == 1
    assert all(row["ssim"] < 1 for row in rows if row is not same)
    assert all(row["words"] == 100 and 0 <= row["edge_f1"] <= 1 and -1 <= row["style"] <= 1 for row in rows)


def test_without_a_clip_words_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_eye(None) == Eye() and "--clip" in capsys.readouterr().err


def test_the_plot_has_a_panel_for_each_measure(rows: list[Row], tmp_path: Path) -> None:
    reference = Setting("DPM++ 2M", 4, 2.0)
    plot_curves(rows, tmp_path / "with.png", 2, "small", reference)
    wordless = [{name: value for name, value in row.items() if name != "words"} for row in rows]
    plot_curves(wordless[:4], tmp_path / "without.png", 0, "small", reference)
    both, one = (Image.open(tmp_path / f"{name}.png").size for name in ("with", "without"))
    assert both[0] == pytest.approx(4 / 3 * one[0], abs=2) and both[1] == pytest.approx(2 * one[1], abs=2)


def test_version_7_comes_out_of_the_history(tmp_path: Path) -> None:
    try:
        folder = unpack_pocket_diffusion(tmp_path)
    except SystemExit:
        pytest.skip("a shallow clone: git fetch --unshallow")
    profile = make_pocket_diffusion_profile()
    assert all(locate_part(profile, role, folder).path.exists() for role in profile.parts)


def test_a_clone_without_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="git fetch --unshallow"):
        unpack_pocket_diffusion(tmp_path, checkout=tmp_path)
