"""Which reading a person's own ControlNet follows is told by its name, as A1111 and ComfyUI tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.models.own_files import OwnFiles
from pipeline.request.controlnet_names import recognise_reading
from pipeline.studio.own_controlnets import list_suited
from tests.models.test_file_kinds import RIGHT_FILES


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("control_v11p_sd15_lineart", "lineart"),
        ("control_v11p_sd15s2_lineart_anime_fp16", "lineart"),
        ("control_v11p_sd15_softedge", "softedge"),
        ("control_sd15_hed", "softedge"),
        ("diff_control_sd15_canny_fp16", "canny"),
        ("control_v11f1p_sd15_depth", "depth"),
        ("control_v11p_sd15_openpose", "openpose"),
        ("control_v11p_sd15_scribble-fp16", "scribble"),
        ("SD15Depth", "depth"),
        ("control_v11f1e_sd15_tile", None),
        ("control_v11p_sd15_inpaint", None),
        ("control_v1p_sd15_qrcode_monster_v2", None),
        ("densepose_sd15", None),
        ("shed_by_the_sea", None),
        ("my drawing net", None),
    ],
)
def test_names_tell_the_reading(name: str, reading: str | None) -> None:
    assert recognise_reading(name) == reading


def test_a_reading_is_offered_its_own_and_those_whose_names_do_not_tell() -> None:
    names = ["mine", "control_depth", "control_canny", "control_sd15_depth_anything"]
    assert list_suited(names, "depth") == ["control_depth", "control_sd15_depth_anything", "mine"]
    assert list_suited(names, "openpose") == ["mine"]


def test_a_folder_in_diffusers_layout_goes_by_its_own_name(tmp_path: Path) -> None:
    for name in ("canny", "depth"):
        place = tmp_path / "sd-1" / "controlnet" / name
        place.mkdir(parents=True)
        RIGHT_FILES["controlnet"](place / "diffusion_pytorch_model.fp16.safetensors")
    found = OwnFiles([tmp_path])
    assert [each.name for each in found.list_kind("controlnet")] == ["canny", "depth"]
    assert found.find("controlnet", "Depth").path.parent.name == "depth"
