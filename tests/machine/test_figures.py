"""What weights weigh, by the table and by the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.machine.figures import measure_weights
from pipeline.models.catalog import POCKET, SD15
from tests.tools.packaged_folder import make_packaged_profile


def test_weights_are_those_of_the_files() -> None:
    weights = measure_weights(SD15)
    assert weights.unet == 1719125304 + 44642768  # the adapter is part of it
    assert weights.text_encoder == 246144864 and weights.vae == 167335342
    assert weights.controlnet == pytest.approx(2 * 361_279_120, rel=0.001)  # parameters of ControlNet 1.1
    assert weights.total == pytest.approx(2.9e9, rel=0.01)  # the image encoder's 2.5 GB are not there


def test_a_model_in_a_folder_is_weighed_by_its_files(packaged_folder: Path) -> None:
    weights = measure_weights(replace(make_packaged_profile(), home=packaged_folder))
    folders = (packaged_folder / name for name in ("unet", "ip_adapter"))
    unet = sum(file.stat().st_size for folder in folders for file in folder.glob("*.safetensors"))
    assert weights.unet == unet > 1_000_000 and weights.total < 300_000_000
    assert weights.text_encoder > unet  # the package's, which does not lie in the folder


def test_the_pocket_model_is_weighed_by_its_colourist() -> None:
    weights = measure_weights(POCKET)
    assert POCKET.home is not None
    colourist = sum(file.stat().st_size for file in (POCKET.home / "colourist").glob("*.safetensors"))
    assert weights.unet == colourist > 1_000_000 and weights.total < 300_000_000
