"""A ControlNet of a person's own is found by its name, stands in for a missing one, and comes back with a picture."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from pipeline.errors import ModelError, SettingError
from pipeline.hints import HintSettings
from pipeline.studio.studio import Studio
from tests.studio.test_readings import make_order, open_studio
from tests.tools.sd15_tree import write_sd15_tree

WEIGHTS = "diffusion_pytorch_model.fp16.safetensors"
HERE = ["base", "controlnet", "ip_adapter", "image_encoder", "lcm_lora", "taesd", "controlnet_scribble"]


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as A1111 has it: a ControlNet named after line art, and one whose name does not tell."""
    room = tmp_path_factory.mktemp("webui")
    tree = write_sd15_tree(room / "sd15", HERE, small=True)
    place = room / "models" / "ControlNet"
    place.mkdir(parents=True)
    tensors = load_file(tree / "controlnet_scribble" / WEIGHTS)  # the tree's ControlNets hold the same numbers
    for name, factor in (("control_v11p_sd15_lineart", 1.0), ("monster", -1.5)):
        save_file({key: value * factor for key, value in tensors.items()}, place / f"{name}.safetensors")
    shutil.rmtree(tree / "controlnet_scribble")
    return room


@pytest.fixture(scope="module")
def studio(nets: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    room = tmp_path_factory.mktemp("room")
    return open_studio(nets / "sd15", room, CROQUIS_MODELS=str(nets / "models"))


def test_a_named_one_is_used_and_its_picture_comes_back(studio: Studio) -> None:
    result = studio.draw(make_order(controlnets={"canny": {"model": "Monster", "controlnet_conditioning_scale": 0.8}}))
    (hint,) = result.request.hints
    assert (hint.settings.model, hint.settings.controlnet_conditioning_scale) == ("monster", 0.8)
    assert hint.own is not None and len(hint.own.sha256) == 64
    published = studio.draw(make_order(controlnets={"canny": 0.8}))
    assert not np.array_equal(np.asarray(result.image), np.asarray(published.image))
    data = studio.write_picture(result).read_bytes()
    reopened = studio.read_picture(data)
    assert reopened.request == result.request and not reopened.missing
    assert reopened.request.hints[0].own.file == hint.own.file  # type: ignore[union-attr]
    assert np.array_equal(np.asarray(studio.redraw(reopened.request).image), np.asarray(result.image))


def test_one_that_is_gone_is_told_when_its_picture_comes_back(studio: Studio, tmp_path: Path, nets: Path) -> None:
    data = studio.write_picture(studio.draw(make_order(controlnets={"canny": {"model": "monster"}}))).read_bytes()
    reopened = open_studio(nets / "sd15", tmp_path).read_picture(data)
    assert reopened.request.hints[0].own is None and reopened.request.hints[0].settings.model == ""
    assert "“monster”" in reopened.missing[0] and "otherwise" in reopened.missing[0]


def test_one_named_after_the_reading_stands_in_where_the_published_one_is_missing(studio: Studio) -> None:
    (hint,) = studio.draw(make_order(controlnets={"lineart": 0.9})).request.hints
    assert hint.settings.model == "control_v11p_sd15_lineart"
    (chosen,) = studio.draw(make_order()).request.hints  # a loose drawing: of scribble and line art this one is here
    assert (chosen.controlnet, chosen.settings.model) == ("lineart", "control_v11p_sd15_lineart")
    with pytest.raises(ModelError, match="controlnet_softedge"):
        studio.draw(make_order(controlnets={"softedge": 0.9}))


def test_a_name_that_is_not_here_is_told_with_those_that_are(studio: Studio) -> None:
    with pytest.raises(SettingError, match=r"no ControlNet “tile” here; there are control_v11p_sd15_lineart, monster"):
        studio.draw(make_order(controlnets={"canny": {"model": "tile"}}))


def test_one_that_another_program_noted_and_that_is_not_here_is_told(studio: Studio) -> None:
    """Pasted: nobody asked for that very file. The same words with a file that is here are drawn with it."""
    text = 'a moon\nSteps: 2, Sampler: Euler, Seed: 3, ControlNet 0: "Module: canny, Model: {} [01234567], Weight: 0.7"'
    gone = studio.draw(make_order(prompt=text.format("tile")))
    (hint,) = gone.request.hints
    assert (hint.controlnet, hint.settings, hint.own) == ("canny", HintSettings(0.7), None)
    assert "“tile” is not here, so the published one for canny steers in its place" in " ".join(gone.notices)
    (hint,) = studio.draw(make_order(prompt=text.format("Monster"))).request.hints
    assert hint.settings.model == "monster" and hint.own is not None


def test_looking_says_what_is_wrong_with_each_before_anything_is_drawn(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engine.depth.estimate_depth", lambda folder, pixels: None)
    order = make_order(
        controlnets={"scribble": 1, "canny": 1, "depth": 1, "openpose": 1, "lineart": {"model": "monster"}}
    )
    seen = {each.controlnet: each for each in studio.look_at_hints(order, studio.read_lines(order))}
    assert list(seen) == ["scribble", "canny", "depth", "openpose", "lineart"]
    assert seen["canny"].notice == "" and seen["lineart"].notice == ""
    assert seen["canny"].pixels is not None and seen["canny"].pixels.shape == (256, 256, 3)
    assert "controlnet_scribble" in seen["scribble"].notice and seen["scribble"].pixels is not None
    assert "depth" in seen["depth"].notice and seen["depth"].pixels is None  # its network is not here
    assert "Download it in Settings" in seen["openpose"].notice and seen["openpose"].pixels is None
    order = make_order()
    (auto,) = studio.look_at_hints(order, studio.read_lines(order))
    assert auto.controlnet == "lineart"
